from itertools import accumulate, count, cycle

import pytest

FOLDER = "sys/devices/system/clocksource/clocksource0"


def ticking(*steps):
    return accumulate(cycle(steps)).__next__


@pytest.mark.parametrize(
    ("steps", "status", "value"),
    [
        ((40,), "ok", "a pair of readings costs 40 ns, smallest step 40 ns"),
        ((40, 30, 40, 9000, 40), "ok", "a pair of readings costs 40 ns, smallest step 30 ns"),
        ((1500,), "warning", "a pair of readings costs 1500 ns, smallest step 1500 ns"),
        ((0, 0, 0, 15000000), "warning", "a pair of readings costs 0 ns, smallest step 15000000 ns"),
        ((0,), "problem", "the clock stands still"),
    ],
)
def test_the_clock_is_measured(asked, steps, status, value):
    found = asked("timer", clock=ticking(*steps))
    assert (found.status, found.value) == (status, value)


def test_the_clock_is_read_about_two_thousand_times(asked):
    readings = count()
    asked("timer", clock=readings.__next__)
    assert 1000 < next(readings) < 10000


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("tsc", "ok"),
        ("kvm-clock", "ok"),
        ("arch_sys_counter", "ok"),
        ("hpet", "warning"),
        ("acpi_pm", "warning"),
    ],
)
def test_clock_sources(asked, source, status):
    found = asked("clock_source", {f"{FOLDER}/current_clocksource": f"{source}\n"})
    assert found.status == status
    assert source in found.value


def test_a_slow_source_names_the_others(asked):
    files = {
        f"{FOLDER}/current_clocksource": "hpet\n",
        f"{FOLDER}/available_clocksource": "tsc hpet acpi_pm\n",
    }
    assert asked("clock_source", files).value == "hpet (available: tsc hpet acpi_pm)"


def test_untold(asked):
    assert asked("clock_source").status == "unknown"
