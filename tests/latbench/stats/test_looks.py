from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.stats.interval import launch_interval
from latbench.stats.looks import ladder, look_interval
from latbench.stats.sequential import spent


@given(st.integers(1, 50), st.integers(1, 500), st.floats(1.1, 4))
def test_a_ladder_rises_from_the_first_to_the_last(first, last, ratio):
    looks = ladder(first, last, ratio)
    assert looks[-1] == last
    assert looks[0] == min(first, last)
    assert all(one < other for one, other in pairwise(looks))


def test_each_look_is_a_multiple_of_the_one_before():
    assert ladder(5, 80) == (5, 10, 20, 40, 80)
    assert ladder(3, 8, 1.6) == (3, 5, 8)


def launches(count, rng, spread=0.01):
    levels = 10**6 * (1 + spread * rng.standard_normal(count))
    return tuple(np.full(3, level, dtype=np.int64) for level in levels)


def test_a_look_widens_the_interval_and_one_look_leaves_it():
    found = launches(10, np.random.default_rng(0))
    plain = launch_interval(found)
    assert look_interval(found, (10,)).half_percent == pytest.approx(plain.half_percent, rel=1e-6)
    assert look_interval(found, (5, 10, 20)).half_percent > 1.2 * plain.half_percent


@pytest.mark.parametrize(("count", "counts_as"), [(3, 0), (5, 0), (7, 1), (10, 1), (12, 1)])
def test_between_looks_the_next_counts_and_beyond_them_the_last(count, counts_as):
    looks = (5, 10)
    found = launches(count, np.random.default_rng(1))
    level = spent(looks, shape="pocock")[counts_as]
    assert look_interval(found, looks) == launch_interval(found, level)


def test_one_launch_has_no_interval():
    assert look_interval(launches(1, np.random.default_rng(1)), (5, 10)).half_percent is None


@pytest.mark.parametrize("target", [0.01, 0.05])
@pytest.mark.parametrize("spread", [0.01, 0.03])
def test_the_interval_at_the_stop_covers_the_truth(target, spread):
    """Of the intervals at the first look that is narrow enough, 95 of 100 hold the truth; 93 are required."""
    rng, looks, runs = np.random.default_rng(7), (5, 10, 20, 40, 80), 400
    held = 0
    for _ in range(runs):
        found = launches(looks[-1], rng, spread)
        for look in looks:
            told = look_interval(found[:look], looks)
            if told.half_percent <= 100 * target:
                break
        held += told.low <= 10**6 <= told.high
    assert held / runs >= 0.93
