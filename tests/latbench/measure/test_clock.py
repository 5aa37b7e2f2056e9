from latbench.measure.clock import MONOTONIC, FakeClock


def test_a_fake_clock_steps_on_each_reading_then_stands():
    clock = FakeClock([5, 7])
    assert [clock(), clock(), clock()] == [5, 12, 12]
    clock.advance(8)
    assert (clock(), clock.readings) == (20, 4)


def test_the_real_clock_gives_whole_nanoseconds_that_never_fall():
    before, after = MONOTONIC(), MONOTONIC()
    assert isinstance(before, int)
    assert before <= after
