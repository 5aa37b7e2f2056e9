from types import SimpleNamespace

import pytest

from latbench.machine import gpuseen

PCI = "sys/bus/pci/devices/0000:01:00.0"


@pytest.mark.parametrize(
    ("files", "there"),
    [
        ({}, False),
        ({"proc/driver/nvidia/version": "NVRM"}, True),
        ({f"{PCI}/vendor": "0x10de\n", f"{PCI}/class": "0x030200\n"}, True),
        ({f"{PCI}/vendor": "0x10de\n", f"{PCI}/class": "0x040300\n"}, False),
        ({f"{PCI}/vendor": "0x8086\n", f"{PCI}/class": "0x030000\n"}, False),
    ],
)
def test_whether_there_is_one(machine, files, there):
    tree = machine(files)
    assert gpuseen.present(tree) is there
    assert (gpuseen.look(tree, {}) is not None) is there


def test_a_machine_in_files_alone_tells_no_more(machine):
    assert gpuseen.look(machine({"proc/driver/nvidia/version": "x"}), {}).why == "not told by this machine"


def test_its_state_with_the_names_of_processes(machine, nvml, h):
    running = [(SimpleNamespace(pid=7, usedGpuMemory=1 << 20), SimpleNamespace(pid=8, usedGpuMemory=None))]
    api = nvml(
        h(nvmlDeviceGetComputeRunningProcesses=running), system={("nvmlSystemGetProcessName", 7): b"python"}
    )
    found = gpuseen.look(machine(), {}, api)
    assert (found.why, found.facts["name"], found.reading.temperature_c) == (None, "NVIDIA H", 40)
    assert found.names == {7: "python", 8: ""}
    assert api.calls[-1] == "nvmlShutdown"


def test_why_nothing_is_seen(machine, nvml):
    error = type("NVMLError_DriverNotLoaded", (nvml.NVMLError,), {})()
    assert "not loaded" in gpuseen.look(machine(), {}, nvml(init=error)).why
    assert "no card" in gpuseen.look(machine(), {}, nvml()).why
