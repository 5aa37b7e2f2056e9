import json
import os

import latbench
from latbench.machine.probe import probe, versions

COLUMNS = ("usable_cpus", "cpu_model", "cpu_set", "cpu_quota", "kernel", "governor")


def test_a_small_machine(machine, layout, cgroup):
    files = {
        "proc/cpuinfo": "model name : Nucleus 9000\nflags : sse2 avx2 hypervisor\n",
        "proc/self/status": "Cpus_allowed_list:\t0-2\n",
        "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 500 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
        "proc/sys/kernel/osrelease": "6.1.0\n",
        "proc/loadavg": "0.10 0.20 0.30 1/2 3\n",
        "sys/devices/system/cpu/cpufreq/policy0/scaling_governor": "schedutil\n",
        "sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq": "3000000\n",
        "sys/devices/system/node/online": "0\n",
        "sys/devices/system/node/node0/cpulist": "0-3\n",
    }
    found = probe(
        machine(layout(4, 2), files, cgroup(2, {"": {"cpu.max": "150000 100000"}})).root, environ={}
    )
    python = found.pop("python")
    assert python.endswith(".".join(map(str, __import__("sys").version_info[:3])))
    assert found == {
        "cpu_model": "Nucleus 9000",
        "cpu_flags": ["avx2"],
        "cpu_sockets": 1,
        "cpu_cores": 2,
        "cpu_threads": 4,
        "smt": True,
        "core_kinds": {},
        "caches": None,
        "numa_nodes": {"0": "0-3"},
        "governor": "schedutil",
        "frequency_driver": None,
        "energy_preference": None,
        "turbo": None,
        "frequency_min_mhz": None,
        "frequency_max_mhz": 3000.0,
        "usable_cpus": 1,
        "cpu_set": "0-2",
        "cpu_quota": 1.5,
        "cpu_limited_by": "cgroup v2 quota",
        "memory_total_bytes": 1024000,
        "memory_available_bytes": 512000,
        "memory_limit_bytes": None,
        "swap_total_bytes": 0,
        "swap_used_bytes": 0,
        "transparent_huge_pages": None,
        "kernel": "6.1.0",
        "distribution": None,
        "hypervisor": "unnamed",
        "container": "none",
        "load_average": [0.1, 0.2, 0.3],
    }


def test_unknown_is_none(machine, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    found = probe(machine().root, environ={})
    known = {name: value for name, value in found.items() if value is not None}
    assert known.pop("python")
    assert known == {"cpu_threads": 2, "core_kinds": {}, "usable_cpus": 2, "cpu_set": "0-1"}


def test_this_machine_has_the_facts_of_a_row_as_json():
    found = probe()
    assert set(COLUMNS) <= found.keys()
    assert found["usable_cpus"] >= 1
    assert found["kernel"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_versions_name_latbench_and_what_is_installed():
    found = versions()
    assert found["latbench"] == latbench.__version__
    assert "numpy" in found
    assert all(isinstance(version, str) and version for version in found.values())
