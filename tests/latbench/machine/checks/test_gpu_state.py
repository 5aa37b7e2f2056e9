from types import SimpleNamespace

import pytest

EVENTS = "nvmlDeviceGetCurrentClocksEventReasons"


@pytest.fixture
def state(asked, nvml, h):
    """Return what a check finds of a card with the given answers, `but` for the usual ones."""

    def find(key, system=None, but=None, **changes):
        return asked(key, pynvml=nvml(h(**changes) | (but or {}), system=system))

    return find


@pytest.mark.parametrize(("mode", "status"), [(1, "ok"), (0, "warning")])
def test_persistence(state, mode, status):
    found = state("gpu_persistence", nvmlDeviceGetPersistenceMode=mode)
    assert found.status == status
    assert status == "ok" or "nvidia-smi -pm 1" in found.mend


@pytest.mark.parametrize("key", ["gpu_persistence", "gpu_clocks", "gpu_heat", "gpu_mig", "gpu_processes"])
def test_what_a_card_does_not_tell_is_left_out(asked, nvml, key):
    assert asked(key, pynvml=nvml({})) is None


def test_clocks_that_follow_the_load(state):
    found = state("gpu_clocks")
    assert found.status == "note"
    assert found.value.startswith(
        "up to 1980 MHz, now 345 MHz, application clock 1980 MHz, 700 W allowed; not known"
    )
    assert "-lgc 1980,1980" in found.mend


def test_clocks_that_somebody_set(state):
    assert state("gpu_clocks", but={("nvmlDeviceGetApplicationsClock", 0): 1500}).status == "ok"
    assert state("gpu_clocks", but={EVENTS: 0b11}).status == "ok"


def test_a_lowered_power_limit_is_told(state):
    assert (
        "500 W allowed (usually 700 W)" in state("gpu_clocks", nvmlDeviceGetEnforcedPowerLimit=500_000).value
    )


@pytest.mark.parametrize(
    ("degrees", "mask", "status", "value"),
    [
        (40, 1, "ok", "40 °C, slows down at 90 °C"),
        (84, 1, "ok", "84 °C, slows down at 90 °C"),
        (85, 1, "warning", "85 °C, slows down at 90 °C"),
        (40, 0b100, "warning", "40 °C, slows down at 90 °C, held down now by sw_power_cap"),
    ],
)
def test_heat(state, degrees, mask, status, value):
    found = state("gpu_heat", nvmlDeviceGetTemperature=degrees, **{EVENTS: mask})
    assert (found.status, found.value) == (status, value)


def test_no_temperature_but_reasons(state):
    assert (
        state(
            "gpu_heat", but={("nvmlDeviceGetTemperatureThreshold", 1): 90}, nvmlDeviceGetTemperature=None
        ).status
        == "ok"
    )


def test_slices(state):
    assert state("gpu_mig") is None
    found = state("gpu_mig", nvmlDeviceGetMigMode=[(1, 1)])
    assert (found.status, found.value) == ("note", "MIG divides the card")


def test_other_processes_by_name(state):
    running = [(SimpleNamespace(pid=7, usedGpuMemory=1 << 30), SimpleNamespace(pid=8, usedGpuMemory=None))]
    found = state(
        "gpu_processes",
        system={("nvmlSystemGetProcessName", 7): "python"},
        nvmlDeviceGetComputeRunningProcesses=running,
    )
    assert (found.status, found.value) == ("warning", "python (7, 1024 MiB), process (8)")
    assert state("gpu_processes").status == "ok"
