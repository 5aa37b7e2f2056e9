import pytest


def online(last, allowed=None):
    status = f"Cpus_allowed_list:\t{allowed or f'0-{last}'}\n"
    return {"sys/devices/system/cpu/online": f"0-{last}", "proc/self/status": status}


def test_enough_cpus(asked):
    found = asked("usable_cpus", online(7))
    assert (found.status, found.value) == ("ok", "8 of 8")


def test_more_threads_than_cpus(asked):
    found = asked("usable_cpus", online(7, "0-1"))
    assert (found.status, found.value) == ("warning", "2 of 8, limited by affinity; 4 threads asked for")
    assert "--threads 2" in found.mend
    assert "oversubscribed" in found.effect


def test_a_quota_of_one_and_a_half(asked, cgroup):
    files = online(7) | cgroup(2, {"": {"cpu.max": "150000 100000", "cpu.stat": "nr_throttled 7\n"}})
    assert asked("usable_cpus", files).value.startswith("1 of 8, limited by cgroup v2 quota")
    found = asked("quota", files)
    assert found.status == "warning"
    assert found.value == "1.5 CPUs (cgroup v2, /), throttled in 7 periods so far"
    assert "cpuset" in found.mend


def test_a_version_1_quota_names_its_group(asked, cgroup):
    limits = {"cpu.cfs_quota_us": "200000", "cpu.cfs_period_us": "100000"}
    found = asked("quota", online(3) | cgroup(1, {"/a": limits, "/a/b": {}}, member="/a/b"))
    assert (found.status, found.value) == ("warning", "2 CPUs (cgroup v1, /a)")


@pytest.mark.parametrize(
    ("limit", "value"),
    [("400000 100000", "4 CPUs (cgroup v2, /)"), ("max 100000", "no quota"), ("", "no quota")],
)
def test_a_quota_that_does_not_bind(asked, cgroup, limit, value):
    found = asked("quota", online(3) | cgroup(2, {"": {"cpu.max": limit}}))
    assert (found.status, found.value) == ("ok", value)


@pytest.mark.parametrize(
    ("allowed", "status", "value"), [("0-3", "ok", "all 4 CPUs"), ("1,3", "note", "CPUs 1,3 of 0-3")]
)
def test_affinity(asked, allowed, status, value):
    found = asked("affinity", online(3, allowed))
    assert (found.status, found.value) == (status, value)
