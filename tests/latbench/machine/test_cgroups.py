from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.machine.cgroups import (
    _levels,
    _mount,
    groups,
    memory_headroom,
    memory_limit,
    quotas,
    throttling,
)

V1 = {"cpu.cfs_quota_us": "150000", "cpu.cfs_period_us": "100000"}
UNLIMITED_V1 = {"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"}


def cpus(tree):
    return [quota.cpus for quota in quotas(tree)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("150000 100000", [1.5]),
        ("400000 100000\n", [4.0]),
        ("5000 20000", [0.25]),
        ("200000", [2.0]),
        ("max 100000", []),
        ("max", []),
        ("", []),
        ("0 100000", []),
        ("100000 0", []),
        ("-1 100000", []),
        ("a b", []),
    ],
)
def test_version_2_quotas(machine, cgroup, text, found):
    assert cpus(machine(cgroup(2, {"": {"cpu.max": text}}))) == found


@pytest.mark.parametrize(
    ("files", "found"),
    [(V1, [1.5]), (UNLIMITED_V1, []), ({"cpu.cfs_quota_us": "100000"}, []), ({}, [])],
)
def test_version_1_quotas(machine, cgroup, files, found):
    assert cpus(machine(cgroup(1, {"": files}))) == found


def test_every_level_binds_and_the_tightest_comes_first(machine, cgroup):
    levels = {
        "/kube/pod/box": {"cpu.max": "400000 100000"},
        "/kube/pod": {"cpu.max": "250000 100000"},
        "/kube": {"cpu.max": "max 100000"},
        "/other": {"cpu.max": "1000 100000"},
    }
    tree = machine(cgroup(2, levels, member="/kube/pod/box"))
    assert [(quota.cpus, quota.group.name) for quota in quotas(tree)] == [
        (2.5, "/kube/pod"),
        (4, "/kube/pod/box"),
    ]


def test_a_version_1_container_sees_its_own_group_at_the_mount(machine, cgroup):
    tree = machine(cgroup(1, {"": V1}, member="/docker/4f2a", root="/docker/4f2a"))
    assert cpus(tree) == [1.5]
    assert [group.name for group in groups(tree, "cpu")] == ["/"]


def test_a_group_below_the_one_mounted(machine, cgroup):
    levels = {"": V1, "/inner": {"cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000"}}
    assert cpus(machine(cgroup(1, levels, member="/docker/4f2a/inner", root="/docker/4f2a"))) == [0.5, 1.5]


@pytest.mark.parametrize("member", ["/../../outside", "/elsewhere/group"])
def test_a_group_that_the_mount_does_not_show_leaves_the_mount(machine, cgroup, member):
    tree = machine(cgroup(2, {"": {"cpu.max": "300000 100000"}}, member=member, root="/docker"))
    assert cpus(tree) == [3.0]


def test_both_versions_at_once(machine, cgroup):
    one, two = cgroup(1, {"": V1}), cgroup(2, {"/unit": {"cpu.max": "100000 100000"}}, member="/unit")
    both = {name: one[name] + two[name] for name in ("proc/self/cgroup", "proc/self/mountinfo")}
    found = quotas(machine(one, two, both))
    assert [(quota.cpus, quota.group.version) for quota in found] == [(1.0, 2), (1.5, 1)]


@pytest.mark.parametrize("point", ["sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"])
def test_usual_places_serve_where_the_mounts_cannot_be_read(machine, point):
    tree = machine({"proc/self/cgroup": "4:cpu,cpuacct:/\n", **{f"{point}/{name}": V1[name] for name in V1}})
    assert cpus(tree) == [1.5]


def test_usual_places_of_version_2_without_any_proc(machine):
    assert cpus(machine({"sys/fs/cgroup/cpu.max": "150000 100000"})) == [1.5]


def test_no_control_groups_is_no_limit(machine):
    tree = machine()
    assert quotas(tree) == ()
    assert (throttling(tree), memory_limit(tree), memory_headroom(tree)) == (None, None, None)


def test_throttling_is_summed_over_levels_and_units(machine, cgroup):
    levels = {
        "/a/b": {"cpu.stat": "usage_usec 9\nnr_periods 5\nnr_throttled 2\nthrottled_usec 700\n"},
        "/a": {"cpu.stat": "nr_throttled 1\nthrottled_usec 50\n"},
        "": {"cpu.stat": "usage_usec 99\n"},
    }
    told = throttling(machine(cgroup(2, levels, member="/a/b")))
    assert (told.periods, told.microseconds) == (3, 750)


def test_version_1_tells_throttled_time_in_nanoseconds(machine, cgroup):
    told = throttling(machine(cgroup(1, {"": {"cpu.stat": "nr_throttled 4\nthrottled_time 2500000\n"}})))
    assert (told.periods, told.microseconds) == (4, 2500)


def test_memory_limits_of_version_2(machine, cgroup):
    levels = {
        "/a": {"memory.max": "max"},
        "": {"memory.max": "1000", "memory.current": "700", "memory.stat": "anon 1\ninactive_file 200\n"},
    }
    tree = machine(cgroup(2, levels, member="/a"))
    assert (memory_limit(tree), memory_headroom(tree)) == (1000, 500)


def test_memory_limits_of_version_1(machine, cgroup):
    unlimited = {"memory.limit_in_bytes": "9223372036854771712", "memory.usage_in_bytes": "5"}
    limited = {"memory.limit_in_bytes": "4096", "memory.usage_in_bytes": "5000"}
    tree = machine(cgroup(1, {"": unlimited, "/a": limited}, member="/a", controllers="memory"))
    assert (memory_limit(tree), memory_headroom(tree)) == (4096, 0)


def test_a_mount_point_with_a_space():
    mount = _mount(r"33 31 0:30 /a\040b /sys/fs/c\040g rw - cgroup2 cgroup2 rw")
    assert (mount.version, mount.root, mount.point) == (2, "/a b", "sys/fs/c g")


@given(st.text())
def test_no_line_breaks_the_reader_of_mounts(line):
    mount = _mount(line)
    assert mount is None or mount.version in (1, 2)


@given(st.lists(st.text("abc", min_size=1), max_size=5), st.integers(0, 5))
def test_levels_lead_from_the_group_to_the_top(parts, depth):
    root = "/" + "/".join(parts[:depth])
    levels = _levels("/" + "/".join(parts), root)
    assert levels[-1] == "/"
    assert len(levels) == 1 + len(parts[depth:])
    assert all(outer == "/" or inner.startswith(outer) for inner, outer in pairwise(levels))


def test_a_hierarchy_mounted_over_itself_is_counted_once(machine, cgroup):
    files = cgroup(2, {"": {"cpu.stat": "nr_throttled 2\n"}})
    twice = {"proc/self/mountinfo": files["proc/self/mountinfo"] * 2}
    assert throttling(machine(files, twice)).periods == 2
