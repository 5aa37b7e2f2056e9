import os

import pytest

from latbench.machine import host

GUEST = {"proc/cpuinfo": "flags : fpu sse2 hypervisor\n"}
BARE = {"proc/cpuinfo": "flags : fpu sse2 vmx\n"}
ARM = {"proc/cpuinfo": "Features : asimd\n"}
DMI = "sys/class/dmi/id"


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ((BARE,), "none"),
        ((BARE, {f"{DMI}/sys_vendor": "Amazon EC2"}), "none"),
        ((GUEST,), "unnamed"),
        ((GUEST, {f"{DMI}/sys_vendor": "QEMU\n"}), "KVM"),
        ((GUEST, {f"{DMI}/product_name": "VMware Virtual Platform"}), "VMware"),
        (
            (GUEST, {f"{DMI}/sys_vendor": "Microsoft Corporation", f"{DMI}/product_name": "Virtual Machine"}),
            "Hyper-V",
        ),
        ((GUEST, {"sys/hypervisor/type": "xen\n"}), "xen"),
        ((GUEST, {"proc/sys/kernel/osrelease": "5.15-microsoft-standard-WSL2"}), "WSL"),
        ((ARM,), None),
        ((ARM, {f"{DMI}/sys_vendor": "QEMU"}), "KVM"),
        (({},), None),
    ],
)
def test_hypervisors(machine, files, name):
    assert host.hypervisor(machine(*files)) == name


@pytest.mark.parametrize(
    ("files", "environ", "name"),
    [
        ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes"),
        ({".dockerenv": ""}, {}, "docker"),
        ({"run/.containerenv": ""}, {}, "podman"),
        ({"run/systemd/container": "lxc\n"}, {}, "lxc"),
        ({"proc/self/cgroup": "0::/kubepods/pod1/x\n"}, {}, "kubernetes"),
        ({"proc/self/cgroup": "4:cpu:/docker/4f2a\n"}, {}, "docker"),
        (
            {"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": "1 0 0:5 / / rw - overlay overlay rw\n"},
            {},
            "unnamed",
        ),
        (
            {"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": "1 0 0:5 / /mnt rw - overlay overlay rw\n"},
            {},
            "none",
        ),
        ({"proc/self/cgroup": "0::/user.slice\n"}, {}, "none"),
        ({}, {}, None),
    ],
)
def test_containers(machine, files, environ, name):
    assert host.container(machine(files), environ) == name


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"etc/os-release": 'NAME="Plain"\nPRETTY_NAME="Plain Linux 12"\n'}, "Plain Linux 12"),
        ({"usr/lib/os-release": "NAME=Plain\n"}, "Plain"),
        ({"etc/os-release": ""}, None),
        ({}, None),
    ],
)
def test_distributions(machine, files, name):
    assert host.distribution(machine(files)) == name


@pytest.mark.parametrize(
    ("text", "load"),
    [("0.52 1.26 1.10 2/345 678\n", [0.52, 1.26, 1.1]), ("nan 1 2", None), ("0.5 0.5", None), ("", None)],
)
def test_load_averages(machine, text, load):
    assert host.load_average(machine({"proc/loadavg": text})) == load


def test_kernels(machine):
    assert host.kernel(machine({"proc/sys/kernel/osrelease": "6.1.0\n"})) == "6.1.0"


def test_another_machine_never_borrows_from_this_one(machine, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (9.0, 9.0, 9.0), raising=False)
    assert (host.kernel(machine()), host.load_average(machine())) == (None, None)
