from hypothesis import given
from hypothesis import strategies as st

from latbench.measure.clock import FakeClock
from latbench.measure.warmup import warm_up


def warm(durations, count, settled, cap):
    clock = FakeClock()
    pending = iter(durations)
    return warm_up(lambda: clock.advance(next(pending)), clock, count, settled, cap)


def test_settled_data_take_the_fixed_number():
    assert warm([9, 1, 1, 1], 4, lambda earlier, latest: True, 100) == (9, 1, 1, 1)


def test_it_goes_on_by_halves_until_settled():
    falling = [9, 8, 7, 6, 5, 4, 4, 4, 4, 4]
    looked = []

    def settled(earlier, latest):
        looked.append((len(earlier), tuple(latest)))
        return len(set(latest)) == 1

    assert warm(falling, 4, settled, 100) == (9, 8, 7, 6, 5, 4, 4, 4)
    assert looked == [(2, (7, 6)), (4, (5, 4)), (6, (4, 4))]


@given(st.integers(0, 30), st.integers(0, 60))
def test_unsettled_data_stop_at_the_cap(count, more):
    cap = count + more
    assert len(warm([1] * 200, count, lambda earlier, latest: False, cap)) == (cap if count else 0)
