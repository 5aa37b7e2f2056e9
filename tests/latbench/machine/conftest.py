from itertools import count
from types import SimpleNamespace

import pytest

from latbench.machine.checks import checks
from latbench.machine.checks.base import Context
from latbench.machine.files import Tree
from latbench.machine.packages import Packages

MOUNTS = {
    1: "32 31 0:29 {root} /sys/fs/cgroup/{name} rw shared:9 - cgroup cgroup rw,{name}",
    2: "30 23 0:26 {root} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate",
}
OTHER_MOUNTS = "22 27 0:21 / /proc rw - proc proc rw\n27 1 254:0 / / rw - ext4 /dev/vda rw\n"


@pytest.fixture
def machine(tmp_path):
    """Write the files of a small machine, a new one at each call, and return its tree."""
    numbers = count()

    def write(*parts):
        root = tmp_path / f"machine{next(numbers)}"
        root.mkdir()
        for name, text in {name: text for part in parts for name, text in part.items()}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Tree(root)

    return write


@pytest.fixture
def cgroup():
    """Return the files of a control group hierarchy: `levels` names each group's files, below its mount."""

    def files(version, levels, member="/", root="/", controllers="cpu,cpuacct"):
        name = "" if version == 2 else controllers
        point = f"sys/fs/cgroup/{name}".rstrip("/")
        mount = MOUNTS[version].format(root=root, name=name)
        return {
            "proc/self/cgroup": f"9:name=systemd:/elsewhere\n{0 if version == 2 else 4}:{name}:{member}\n",
            "proc/self/mountinfo": f"{OTHER_MOUNTS}{mount}\n",
            **{
                f"{point}{level}/{file}": text
                for level, held in levels.items()
                for file, text in held.items()
            },
        }

    return files


@pytest.fixture
def layout():
    """Return the sysfs files of `count` CPUs; the hardware threads of a core are numbered count/2 apart."""

    def files(count, threads_a_core=1, packages=1):
        cores = count // threads_a_core
        found = {"sys/devices/system/cpu/online": f"0-{count - 1}\n"}
        for cpu in range(count):
            folder = f"sys/devices/system/cpu/cpu{cpu}/topology"
            found[f"{folder}/core_cpus_list"] = ",".join(map(str, range(cpu % cores, count, cores)))
            found[f"{folder}/physical_package_id"] = str(cpu % cores * packages // cores)
        return found

    return files


@pytest.fixture
def asked(machine, tmp_path):
    """Return what the check `key` finds on a machine with the given files and nothing installed."""

    def find(key, files=None, versions=None, modules=(), **changes):
        packages = Packages((versions or {}).get, lambda module: module in modules)
        given = {"environ": {}, "packages": packages, "results": tmp_path, **changes}
        (check,) = (one for one in checks() if one.key == key)
        return check.run(Context(tree=machine(files or {}), **given))

    return find


class FakeNvml:
    """A recording `pynvml` of cards, each a dict of what its functions answer; NotImplemented: no such thing.

    A card's answer that is a list is told one after the other, the last for ever.
    """

    class NVMLError(Exception):
        pass

    NVML_CLOCK_GRAPHICS, NVML_CLOCK_SM, NVML_CLOCK_MEM = 0, 1, 2
    NVML_TEMPERATURE_GPU = 0
    NVML_TEMPERATURE_THRESHOLD_SLOWDOWN = 1
    NVML_PERF_POLICY_POWER, NVML_PERF_POLICY_THERMAL = 0, 1
    NVML_PERF_POLICY_BOARD_LIMIT, NVML_PERF_POLICY_RELIABILITY = 3, 5
    nvmlMemory_v2 = 0x02000028

    def __init__(self, *cards, system=None, init=None):
        self.cards, self.system, self.init = cards, system or {}, init
        self.calls = []

    def nvmlInit(self):
        self.calls.append("nvmlInit")
        if self.init is not None:
            raise self.init

    def nvmlShutdown(self):
        self.calls.append("nvmlShutdown")

    def nvmlDeviceGetCount(self):
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def __getattr__(self, name):
        if not name.startswith("nvml"):
            raise AttributeError(name)

        def call(*arguments):
            self.calls.append(name)
            if name.startswith("nvmlSystem"):
                return self._told(self.system.get((name, *arguments), self.system.get(name, NotImplemented)))
            handle, *rest = arguments
            told = self.cards[handle]
            return self._told(told.get((name, *rest), told.get(name, NotImplemented)))

        return call

    def _told(self, answer):
        if isinstance(answer, list) and len(answer) > 1:
            return self._told(answer.pop(0))
        if isinstance(answer, list):
            return self._told(answer[0])
        if answer is NotImplemented:
            raise self.NVMLError("Not Supported")
        return answer


@pytest.fixture
def nvml():
    """Return a class that stands for pynvml, with cards as dicts of answers by function."""
    return FakeNvml


@pytest.fixture
def h():
    """Return the answers of a whole card, with changes; None takes one away."""

    def card(**changes):
        whole = {
            "nvmlDeviceGetName": b"NVIDIA H",
            "nvmlDeviceGetUUID": "GPU-aaaa-01",
            "nvmlDeviceGetPciInfo": SimpleNamespace(domain=0, bus=4, device=0),
            "nvmlDeviceGetCudaComputeCapability": (9, 0),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=80 << 30, used=1 << 30),
            ("nvmlDeviceGetMemoryInfo", 0x02000028): SimpleNamespace(total=80 << 30, used=3 << 20),
            "nvmlDeviceGetEnforcedPowerLimit": 700_000,
            "nvmlDeviceGetPowerManagementDefaultLimit": 700_000,
            "nvmlDeviceGetPersistenceMode": 1,
            "nvmlDeviceGetCurrentEccMode": 1,
            "nvmlDeviceGetMigMode": [(0, 0)],
            ("nvmlDeviceGetMaxClockInfo", 1): 1980,
            ("nvmlDeviceGetMaxClockInfo", 2): 2619,
            ("nvmlDeviceGetApplicationsClock", 0): 1980,
            ("nvmlDeviceGetDefaultApplicationsClock", 0): 1980,
            ("nvmlDeviceGetTemperatureThreshold", 1): 90,
            "nvmlDeviceGetMaxPcieLinkGeneration": 5,
            "nvmlDeviceGetCurrPcieLinkWidth": 16,
            ("nvmlDeviceGetClockInfo", 1): [345, 1980],
            ("nvmlDeviceGetClockInfo", 2): 2619,
            "nvmlDeviceGetCurrentClocksEventReasons": [1, 0b100],
            ("nvmlDeviceGetViolationStatus", 0): [
                SimpleNamespace(violationTime=10**9),
                SimpleNamespace(violationTime=1_012_500_000),
            ],
            ("nvmlDeviceGetViolationStatus", 1): SimpleNamespace(violationTime=5),
            ("nvmlDeviceGetViolationStatus", 3): SimpleNamespace(violationTime=(1 << 64) - 1),
            "nvmlDeviceGetTemperature": [40, 61],
            "nvmlDeviceGetPowerUsage": [70_500, 612_250],
            "nvmlDeviceGetTotalEnergyConsumption": [1000, 43_500],
            "nvmlDeviceGetPerformanceState": 0,
            "nvmlDeviceGetComputeRunningProcesses": [(), ()],
        }
        kept = whole | changes
        return {name: answer for name, answer in kept.items() if answer is not None}

    return card
