import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from latbench.stats.floor import STATISTIC, TOGETHER, floor


def test_is_the_median_of_the_fastest_five_in_a_row():
    launch = np.array([90, 10, 90, 90, 30, 20, 40, 31, 29, 90, 90])
    assert floor((launch,)) == 30


def test_one_lucky_reading_does_not_make_it():
    steady = np.full(20, 100)
    lucky = steady.copy()
    lucky[7] = 1
    assert floor((lucky,)) == floor((steady,)) == 100


def test_a_launch_that_was_left_alone_once_is_enough():
    disturbed, alone = np.full(50, 150), np.concatenate([np.full(45, 150), np.full(5, 100)])
    assert floor((disturbed, alone)) == 100
    assert STATISTIC.compute((disturbed, alone)) == 100 / 1e6


def test_too_short_launches_tell_nothing():
    assert floor((np.arange(1, TOGETHER),)) is None
    assert STATISTIC.compute((np.arange(1, TOGETHER),)) is None


@given(st.lists(st.integers(1, 10**6), min_size=TOGETHER, max_size=30), st.integers(2, 9))
def test_scales_with_time_and_lies_between_minimum_and_median_of_a_window(values, factor):
    launch = np.array(values)
    found = floor((launch,))
    assert launch.min() <= found <= launch.max()
    assert floor((launch * factor,)) == found * factor
