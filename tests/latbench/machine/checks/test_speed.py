import pytest

from latbench.machine import kernels
from latbench.machine.checks import checks, speed
from latbench.machine.checks.base import Context
from latbench.machine.cpus import UsableCpus

FAST, SLOW = 50_000, 80_000


class Machine(Context):
    """This machine, with CPUs and kernels that tests make up."""

    usable = UsableCpus(2, None, (0, 5), None)


def asked(key, **changes):
    (check,) = (one for one in checks() if one.key == key)
    return check.run(Machine(**changes))


def steady(times):
    """Return products that take `times[cpu]` ns."""
    return lambda cpu, length: [times[cpu]] * (length // times[cpu])


def test_equal_and_steady_cpus_are_fine():
    found = asked("cpu_speed", products=steady({0: FAST, 5: FAST}))
    speed_told = round(kernels.PRODUCT_FLOP / FAST)
    assert found.status == "ok"
    assert found.value.startswith(f"cpu0 {speed_told}, cpu5 {speed_told} GFLOP/s")
    assert found.value.endswith("1.00")


def test_a_slower_cpu_is_named():
    found = asked("cpu_speed", products=steady({0: FAST, 5: SLOW}))
    assert found.status == "warning"
    assert "CPU 5 is 1.60 times slower" in found.effect


def test_a_speed_that_wanders_is_told():
    turns = iter([FAST, FAST, FAST, FAST, SLOW, SLOW, FAST, FAST, FAST, FAST])
    found = asked("cpu_speed", products=lambda cpu, length: [next(turns)] * 600)
    assert found.status == "warning"
    assert "wanders" in found.effect
    assert found.value.endswith("1.60")


def test_one_interrupt_is_no_wandering():
    products = [*[FAST] * 300, 5 * FAST, *[FAST] * 300]
    assert asked("cpu_speed", products=lambda cpu, length: products).status == "ok"


def test_all_of_it_takes_a_third_of_a_second():
    asked_for = []
    asked("cpu_speed", products=lambda cpu, length: asked_for.append(length) or [])
    assert sum(asked_for) <= 300_000_000
    assert len(asked_for) == 10


@pytest.mark.parametrize("key", ["cpu_speed", "handoff"])
def test_what_cannot_be_had_is_unknown(key):
    nothing = {"products": lambda cpu, length: [], "handoff": lambda pause: None}
    assert asked(key, **nothing).status == "unknown"


@pytest.mark.parametrize("key", ["cpu_speed", "handoff"])
def test_a_machine_of_files_is_not_timed(key, machine):
    def refuse(*_):
        raise AssertionError("timed this machine for another")

    (check,) = (one for one in checks() if one.key == key)
    assert check.run(Context(tree=machine(), products=refuse, handoff=refuse)).status == "unknown"


@pytest.mark.parametrize(
    ("plain", "pause", "status", "value"),
    [
        (90, 95, "ok", "90 ns (90 to 90) a cache line, waiting with PAUSE 95 ns"),
        (90, None, "ok", "90 ns (90 to 90) a cache line, waiting with PAUSE untold"),
        (90, 440, "warning", "90 ns (90 to 90) a cache line, waiting with PAUSE 440 ns"),
        (440, 450, "note", "440 ns (440 to 440) a cache line, waiting with PAUSE 450 ns"),
    ],
)
def test_the_handoff(plain, pause, status, value):
    found = asked("handoff", handoff=lambda paused: pause if paused else plain)
    assert (found.status, found.value) == (status, value)


def test_slices_hold_two_milliseconds():
    assert speed._slices([10**6, 10**6, 3 * 10**6, 10**6]) == [10**6, 3 * 10**6]
    assert speed._slices([5, 7]) == [6]
    assert speed._slices([]) == []
