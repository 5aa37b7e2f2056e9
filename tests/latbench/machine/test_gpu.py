import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from latbench.machine import gpu
from latbench.machine.gpu import Card, Reading
from latbench.machine.nvml import Nvml

README = Path(__file__).parents[3] / "results" / "README.md"
SYSTEM = {"nvmlSystemGetDriverVersion": "575.57", "nvmlSystemGetCudaDriverVersion_v2": 12_090}


def test_the_facts_of_a_card(nvml, h):
    found = Card(Nvml(nvml(h(), system=SYSTEM)), 0).facts()
    assert json.loads(json.dumps(found)) == found
    assert found == {
        "name": "NVIDIA H",
        "uuid": "GPU-aaaa-01",
        "driver": "575.57",
        "cuda_driver": "12.9",
        "compute_capability": "9.0",
        "memory_bytes": 80 << 30,
        "power_limit_w": 700.0,
        "power_default_w": 700.0,
        "persistence": True,
        "ecc": True,
        "mig": False,
        "sm_mhz_most": 1980,
        "memory_mhz_most": 2619,
        "application_mhz": 1980,
        "application_default_mhz": 1980,
        "slowdown_c": 90,
        "pcie_generation_most": 5,
        "pcie_width": 16,
    }


def test_a_card_that_tells_nothing_has_unknown_facts(nvml):
    one = Card(Nvml(nvml({})), 0)
    assert set(one.facts().values()) == {None}
    told = gpu.difference(one.read(), one.read())
    assert set(told.values()) == {None}


def test_the_witnesses_of_a_launch(nvml, h):
    api = nvml(h(), system=SYSTEM)
    one = Card(Nvml(api), 0)
    found = gpu.difference(one.read(), one.read())
    assert json.loads(json.dumps(found)) == found
    assert found == {
        "gpu_sm_mhz_before": 345,
        "gpu_sm_mhz_after": 1980,
        "gpu_memory_mhz_before": 2619,
        "gpu_memory_mhz_after": 2619,
        "gpu_clock_reasons_before": "gpu_idle",
        "gpu_clock_reasons_after": "sw_power_cap",
        "gpu_throttle": "sw_power_cap",
        "gpu_throttled_ms": 12.5,
        "gpu_throttled_power_ms": 12.5,
        "gpu_throttled_thermal_ms": 0.0,
        "gpu_temperature_before_c": 40,
        "gpu_temperature_c": 61,
        "gpu_power_w": 612.25,
        "gpu_power_limit_w": 700.0,
        "gpu_energy_j": 42.5,
        "gpu_p_state_before": 0,
        "gpu_p_state_after": 0,
        "gpu_other_processes": 0,
        "gpu_other_memory_mib": 3.0,
    }
    assert not [name for name in api.calls if "Set" in name], "it only reads"


@pytest.mark.parametrize(
    ("mask", "names"),
    [
        (0, ()),
        (1, ("gpu_idle",)),
        (0b0110_0100, ("sw_power_cap", "sw_thermal", "hw_thermal")),
        (0b1000_1000, ("hw_slowdown", "hw_power_brake")),
        (1 << 11, ("bit_11",)),
    ],
)
def test_the_bits_of_the_mask_have_names(mask, names):
    assert gpu.decoded(mask) == names


def test_the_names_follow_the_bits_of_the_real_library():
    pynvml = pytest.importorskip("pynvml")
    prefix = "nvmlClocksThrottleReason"
    bits = {
        name.removeprefix(prefix): getattr(pynvml, name)
        for name in dir(pynvml)
        if name.startswith(prefix) and isinstance(getattr(pynvml, name), int)
    }
    assert {
        bits["SwPowerCap"]: "sw_power_cap",
        bits["HwSlowdown"]: "hw_slowdown",
    }.items() <= gpu.REASONS.items()
    assert {
        bits["HwThermalSlowdown"]: "hw_thermal",
        bits["GpuIdle"]: "gpu_idle",
    }.items() <= gpu.REASONS.items()
    assert set(gpu.REASONS) == {bit for bit in bits.values() if bit and bit & (bit - 1) == 0}


def test_clocks_that_somebody_set_and_idleness_slow_nothing_down():
    assert gpu.throttling(("gpu_idle", "application_clocks", "display_clocks")) == ()
    assert gpu.throttling(("gpu_idle", "sw_thermal")) == ("sw_thermal",)
    assert gpu.throttling(None) is None
    quiet = gpu.difference(Reading(reasons=("gpu_idle",)), Reading(reasons=()))
    assert quiet["gpu_throttle"] == "none"


def test_reasons_seen_at_either_moment_count_once():
    found = gpu.difference(Reading(reasons=("sw_thermal",)), Reading(reasons=("sw_thermal", "sw_power_cap")))
    assert found["gpu_throttle"] == "sw_thermal+sw_power_cap"


def test_a_counter_that_began_anew_is_unknown():
    found = gpu.difference(
        Reading(energy_mj=9, throttled_ns={"power": 9}), Reading(energy_mj=1, throttled_ns={"power": 1})
    )
    assert (found["gpu_energy_j"], found["gpu_throttled_ms"]) == (None, None)


def test_other_processes_are_the_most_seen_at_either_moment():
    found = gpu.difference(Reading(processes=((7, None),)), Reading(processes=()))
    assert found["gpu_other_processes"] == 1


def test_older_drivers_name_the_reasons_otherwise(nvml, h):
    card = h(nvmlDeviceGetCurrentClocksEventReasons=None, nvmlDeviceGetCurrentClocksThrottleReasons=0b100000)
    assert Card(Nvml(nvml(card)), 0).read().reasons == ("sw_thermal",)


def test_processes_with_their_memory(nvml, h):
    running = [(SimpleNamespace(pid=7, usedGpuMemory=1 << 20), SimpleNamespace(pid=8, usedGpuMemory=None))]
    card = h(nvmlDeviceGetComputeRunningProcesses=running)
    assert Card(Nvml(nvml(card)), 0).read().processes == ((7, 1 << 20), (8, None))


def test_of_a_slice_nothing_is_read(nvml, h):
    api = nvml(h())
    assert Card(Nvml(api), 0, slice=True).read() == Reading()
    assert api.calls == []


def test_every_witness_is_explained():
    page = README.read_text("utf-8").partition("\n## Witnesses\n")[2]
    rows = [line for line in page.splitlines() if line.startswith("| `gpu_")]
    explained = {name.strip("` ") for row in rows for name in row.split("|")[1].split(",")}
    assert explained == set(gpu.difference(Reading(), Reading()))
