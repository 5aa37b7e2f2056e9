import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.machine import cpus
from latbench.machine.cpus import UsableCpus, usable_cpus
from latbench.machine.files import Tree, cpu_ranges


def of(online, allowed=None):
    allowed = online if allowed is None else allowed
    return {
        "sys/devices/system/cpu/online": f"{online}\n",
        "proc/self/status": f"Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t{allowed}\n",
    }


def test_a_whole_machine(machine):
    assert usable_cpus(machine(of("0-3")).root) == UsableCpus(4, None, (0, 1, 2, 3), None)


def test_affinity_limits(machine):
    assert usable_cpus(machine(of("0-7", "2,4-5")).root) == UsableCpus(3, None, (2, 4, 5), "affinity")


@pytest.mark.parametrize(
    ("quota", "count", "limited_by"),
    [
        ("150000 100000", 1, "cgroup v2 quota"),
        ("50000 100000", 1, "cgroup v2 quota"),
        ("350000 100000", 3, "cgroup v2 quota"),
        ("400000 100000", 4, None),
        ("800000 100000", 4, None),
        ("max 100000", 4, None),
    ],
)
def test_quotas_are_kept_and_the_count_is_their_floor(machine, cgroup, quota, count, limited_by):
    found = usable_cpus(machine(of("0-3"), cgroup(2, {"": {"cpu.max": quota}})).root)
    kept = None if quota.startswith("max") else int(quota.split()[0]) / 100000
    assert found == UsableCpus(count, kept, (0, 1, 2, 3), limited_by)


def test_a_version_1_quota_within_an_affinity(machine, cgroup):
    limits = {"cpu.cfs_quota_us": "250000", "cpu.cfs_period_us": "100000"}
    found = usable_cpus(machine(of("0-7", "0-3"), cgroup(1, {"": limits})).root)
    assert found == UsableCpus(2, 2.5, (0, 1, 2, 3), "cgroup v1 quota")


def test_the_tightest_level_counts(machine, cgroup):
    levels = {"/a/b": {"cpu.max": "max 100000"}, "/a": {"cpu.max": "150000 100000"}}
    found = usable_cpus(machine(of("0-7"), cgroup(2, levels, member="/a/b")).root)
    assert (found.count, found.quota, found.limited_by) == (1, 1.5, "cgroup v2 quota")


def test_without_any_files_the_installed_cpus_are_left(machine, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cpus(machine().root) == UsableCpus(6, None, (0, 1, 2, 3, 4, 5), None)


def test_the_real_machine_asks_the_scheduler(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 1}, raising=False)
    assert cpus.allowed_cpus(Tree()) == (1, 3)


def test_this_machine():
    found = usable_cpus()
    assert 1 <= found.count <= len(found.affinity) <= len(cpus.online_cpus(Tree()))
    assert found.quota is None or found.quota > 0


@given(st.sets(st.integers(0, 99), min_size=1), st.none() | st.integers(1, 10**8))
def test_the_count_is_bounded_by_affinity_and_quota(tmp_path_factory, allowed, quota):
    root = tmp_path_factory.mktemp("machine")
    files = of("0-99", cpu_ranges(allowed)) | {"sys/fs/cgroup/cpu.max": f"{quota or 'max'} 100000"}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    found = usable_cpus(root)
    assert 1 <= found.count <= len(allowed)
    assert found.count == 1 or found.quota is None or found.count <= found.quota
    assert (found.limited_by is None) == (found.count == 100)
