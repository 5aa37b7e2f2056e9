"""What we ask of NVML, against the real pynvml: functions, their arguments, constants and structures."""

import re
from pathlib import Path

import pytest
from held import Held, words

from latbench.machine import gpu, gpupick, nvml
from latbench.machine.gpuseen import look
from latbench.machine.nvml import opened

real = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed here")
FILES = [*sorted(Path(gpu.__file__).parent.glob("gpu*.py")), Path(gpu.__file__).with_name("nvml.py")]
# Functions of drivers and of bindings before those installed here, asked when the newer name is not there.
OLDER = frozenset({"nvmlDeviceGetCurrentClocksThrottleReasons"})


class Card:
    """Answers every function as a whole card would, with the real structures."""

    def __init__(self):
        memory = real.c_nvmlMemory_t()
        memory.total, memory.used = 80 << 30, 1 << 30
        process = real.nvmlFriendlyObject({"pid": 4, "usedGpuMemory": 1 << 20})
        self.answers = {
            "nvmlDeviceGetCount": 1,
            "nvmlDeviceGetName": "NVIDIA H",
            "nvmlDeviceGetUUID": "GPU-aa-01",
            "nvmlDeviceGetPciInfo": real.nvmlPciInfo_t(),
            "nvmlDeviceGetMemoryInfo": memory,
            "nvmlDeviceGetCudaComputeCapability": (9, 0),
            "nvmlDeviceGetMigMode": [0, 0],
            "nvmlDeviceGetViolationStatus": real.c_nvmlViolationTime_t(),
            "nvmlDeviceGetComputeRunningProcesses": [process],
            "nvmlSystemGetDriverVersion": "580.1",
            "nvmlSystemGetProcessName": "python",
        }

    def __getattr__(self, name):
        kept = getattr(real, name, None)
        if not callable(kept) or isinstance(kept, type):
            return kept
        return lambda *arguments, **named: self.answers.get(name, 1)


@pytest.fixture
def api():
    return Held(real, Card(), "nvml")


def use(api):
    with opened(api) as found:
        card = gpupick.card(found, None, {})
        assert isinstance(card, gpu.Card)
        card.facts()
        return card.read(), look(None, {}, api)


def test_everything_asked_is_there_and_fits(api):
    reading, seen = use(api)
    assert api.faults == []
    assert (reading.sm_mhz, reading.processes, seen.why) == (1, ((4, 1 << 20),), None)


def test_every_function_named_is_asked_and_is_there(api):
    use(api)
    named = set().union(*(words(path.read_text("utf-8"), r"nvml[A-Z]\w+") for path in FILES))
    assert "nvmlDeviceGetClockInfo" in named
    assert {name for name in named if not hasattr(real, name)} == set()
    assert named - api.used <= OLDER


def test_every_constant_named_is_there():
    named = set().union(*(words(path.read_text("utf-8"), r"NVML_[A-Z]\w+|nvmlMemory_v\d") for path in FILES))
    assert "NVML_CLOCK_SM" in named
    assert {name for name in named if not hasattr(real, name)} == set()


def test_the_bits_of_the_clock_reasons_are_those_of_nvml():
    names = {
        "gpu_idle": "GpuIdle",
        "application_clocks": "ApplicationsClocksSetting",
        "sw_power_cap": "SwPowerCap",
        "hw_slowdown": "HwSlowdown",
        "sync_boost": "SyncBoost",
        "sw_thermal": "SwThermalSlowdown",
        "hw_thermal": "HwThermalSlowdown",
        "hw_power_brake": "HwPowerBrakeSlowdown",
        "display_clocks": "DisplayClockSetting",
        "board_limit": "BoardLimit",
        "reliability": "Reliability",
    }
    told = {ours: getattr(real, f"nvmlClocksThrottleReason{theirs}") for ours, theirs in names.items()}
    assert {name: bit for bit, name in gpu.REASONS.items()} == told


def test_each_failure_that_is_told_in_words_is_one_of_nvml():
    assert nvml._WHY
    for name in nvml._WHY:
        assert hasattr(real, f"NVML_ERROR_{_upper(name)}"), name


def _upper(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name.removeprefix("NVMLError_")).upper()
