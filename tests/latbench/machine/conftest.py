from itertools import count

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
