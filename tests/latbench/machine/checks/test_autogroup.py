import pytest

SWITCH = "proc/sys/kernel/sched_autogroup_enabled"
KERNEL = {"proc/sys/kernel/osrelease": "6.1.0\n"}


@pytest.mark.parametrize(
    ("files", "status", "value"),
    [
        ({SWITCH: "1\n"}, "note", "on: the CPUs are shared between sessions"),
        ({SWITCH: "0\n"}, "ok", "off"),
        (KERNEL, "ok", "none"),
        ({}, "unknown", "not told"),
    ],
)
def test_the_switch(asked, files, status, value):
    found = asked("autogroup", files)
    assert found.status == status
    assert found.value.startswith(value)
    assert status != "note" or "sched_autogroup_enabled=0" in found.mend


@pytest.mark.parametrize(
    ("version", "groups", "status"),
    [
        (2, ({"/user": {"cpu.weight": "100"}}, "/user"), "ok"),
        (2, ({"/user": {"cpu.weight": "100"}, "/user/mine": {}}, "/user/mine"), "ok"),
        (2, ({"/user": {}}, "/user"), "note"),
        (1, ({"": {"cpu.shares": "1024"}}, "/"), "note"),
        (1, ({"": {"cpu.shares": "1024"}, "/mine": {"cpu.shares": "1024"}}, "/mine"), "ok"),
    ],
)
def test_control_groups_stand_in_for_sessions(asked, cgroup, version, groups, status):
    found = asked("autogroup", {SWITCH: "1\n", **cgroup(version, *groups)})
    assert found.status == status
