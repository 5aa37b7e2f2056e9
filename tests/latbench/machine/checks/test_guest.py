import pytest


@pytest.mark.parametrize(
    ("flags", "status", "value"),
    [
        ("sse2", "ok", "none: bare metal"),
        ("sse2 hypervisor", "warning", "hypervisor"),
        ("asimd", "unknown", None),
    ],
)
def test_virtualisation(asked, flags, status, value):
    found = asked("virtualisation", {"proc/cpuinfo": f"flags : {flags}\n"})
    assert found.status == status
    assert value is None or found.value == value


def test_the_levels_of_a_virtual_machine_are_explained(asked):
    files = {"proc/cpuinfo": "flags : sse2 hypervisor\n", "sys/class/dmi/id/sys_vendor": "QEMU"}
    found = asked("virtualisation", files)
    assert found.value == "KVM"
    assert "levels" in found.effect
    assert "interleaved" in found.mend


@pytest.mark.parametrize(
    ("files", "environ", "status", "value"),
    [
        ({".dockerenv": ""}, {}, "note", "docker"),
        ({}, {"KUBERNETES_SERVICE_HOST": "x"}, "note", "kubernetes"),
        ({"proc/self/cgroup": "0::/\n"}, {}, "ok", "none found"),
        ({}, {}, "unknown", "not told by this machine"),
    ],
)
def test_containers(asked, files, environ, status, value):
    found = asked("container", files, environ=environ)
    assert (found.status, found.value) == (status, value)
