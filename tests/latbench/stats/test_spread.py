import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latbench.stats.spread import STATISTIC

BETWEEN, WITHIN = (statistic.compute for statistic in STATISTIC)
samples = st.lists(st.integers(1, 10**6), min_size=2, max_size=9).map(np.array)
runs = st.lists(samples, min_size=2, max_size=5).map(tuple)


def test_between_compares_launch_medians():
    launches = (np.array([8, 9, 900]), np.array([10]), np.array([11, 11]))
    assert BETWEEN(launches) == pytest.approx(10)


def test_within_is_the_typical_launchs():
    quiet, usual, wild = np.array([100, 100]), np.array([90, 110]), np.array([10, 900])
    assert WITHIN((quiet, usual, wild)) == pytest.approx(100 * np.std([90, 110], ddof=1) / 100)


def test_what_cannot_be_known_is_none():
    assert BETWEEN((np.array([1, 2, 3]),)) is None
    assert BETWEEN((np.array([0]), np.array([0]))) is None
    assert WITHIN((np.array([1]), np.array([2]))) is None
    assert WITHIN((np.array([0, 0]),)) is None


@settings(deadline=None)
@given(runs, st.integers(2, 1000))
def test_percentages_have_no_unit(launches, factor):
    scaled = tuple(factor * one for one in launches)
    assert BETWEEN(scaled) == pytest.approx(BETWEEN(launches))
    assert WITHIN(scaled) == pytest.approx(WITHIN(launches))


@settings(deadline=None)
@given(runs)
def test_order_of_launches_is_indifferent(launches):
    assert BETWEEN(launches[::-1]) == pytest.approx(BETWEEN(launches))
    assert WITHIN(launches[::-1]) == pytest.approx(WITHIN(launches))
