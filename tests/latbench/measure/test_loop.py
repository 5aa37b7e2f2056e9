import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.measure.clock import FakeClock
from latbench.measure.loop import buffer, time_calls, time_loop


@given(st.lists(st.integers(0, 10**12), max_size=20))
def test_samples_are_what_the_calls_took(durations):
    clock = FakeClock()
    pending = iter(durations)
    assert time_calls(lambda: clock.advance(next(pending)), clock, len(durations)) == tuple(durations)


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=40).filter(lambda steps: len(steps) % 2 == 0))
def test_starts_and_ends_are_the_raw_readings(steps):
    n = len(steps) // 2
    starts, ends = buffer(n), buffer(n)
    time_loop(lambda: None, FakeClock(steps), starts, ends, n)
    readings = [sum(steps[: index + 1]) for index in range(len(steps))]
    assert (list(starts), list(ends)) == (readings[0::2], readings[1::2])


def test_only_the_call_stands_between_two_readings():
    events = []

    def clock():
        events.append("clock")
        return len(events)

    time_calls(lambda: events.append("call"), clock, 3)
    assert events == ["clock", "call", "clock"] * 3


def test_the_collector_is_off_meanwhile_and_on_afterwards():
    seen = []
    time_calls(lambda: seen.append(gc.isenabled()), FakeClock(), 2)
    assert seen == [False, False]
    assert gc.isenabled()


def test_the_collector_comes_back_when_the_call_raises():
    def fail():
        raise ValueError("step 1")

    with pytest.raises(ValueError, match="step 1"):
        time_calls(fail, FakeClock(), 1)
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        time_calls(lambda: None, FakeClock(), 1)
        assert not gc.isenabled()
    finally:
        gc.enable()
