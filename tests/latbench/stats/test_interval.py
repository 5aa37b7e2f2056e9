import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from latbench.stats.interval import STATISTIC, Interval, launch_interval, launch_medians, t_interval

samples = st.lists(st.integers(1, 10**9), min_size=1, max_size=9).map(np.array)
runs = st.lists(samples, min_size=2, max_size=8).map(tuple)
COLUMN = {statistic.name: statistic.compute for statistic in STATISTIC}


def test_headline_is_the_median_of_launch_medians():
    launches = (np.array([1, 2, 900]), np.array([4, 4]), np.array([7]))
    assert launch_medians(launches).tolist() == [2, 4, 7]
    assert launch_interval(launches).estimate == 4


def test_interval_is_students_over_launches():
    values = np.array([10.0, 11.0, 12.0, 13.0])
    low, high = reference.t.interval(0.9, 3, loc=11.5, scale=reference.sem(values))
    found = t_interval(values, confidence=0.9)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_samples_within_a_launch_do_not_narrow_it():
    few = tuple(np.full(3, level) for level in (10, 11, 12))
    many = tuple(np.full(3000, level) for level in (10, 11, 12))
    assert launch_interval(few) == launch_interval(many)


def test_one_launch_has_no_interval():
    one = (np.array([2_000_000, 3_000_000]),)
    assert launch_interval(one) == Interval(2_500_000, None, None)
    assert {name: compute(one) for name, compute in COLUMN.items()} == {
        "latency_ms": 2.5,
        "latency_ci95_low_ms": None,
        "latency_ci95_high_ms": None,
        "latency_ci95_half_percent": None,
    }


def test_columns_are_in_milliseconds_and_percent():
    launches = tuple(np.array([level]) for level in (9_000_000, 10_000_000, 11_000_000))
    half = reference.t.ppf(0.975, 2) / np.sqrt(3)
    assert COLUMN["latency_ms"](launches) == 10
    assert COLUMN["latency_ci95_low_ms"](launches) == pytest.approx(10 - half)
    assert COLUMN["latency_ci95_high_ms"](launches) == pytest.approx(10 + half)
    assert COLUMN["latency_ci95_half_percent"](launches) == pytest.approx(10 * half)


def test_skewed_launches_keep_the_estimate_inside():
    found = t_interval(np.array([100.0] * 6 + [200.0] * 4))
    assert found.estimate == found.low == 100
    assert found.high is not None
    assert found.high > 140


def test_no_percentage_of_nothing():
    assert Interval(0.0, 0.0, 0.0).half_percent is None


@settings(deadline=None)
@given(runs)
def test_estimate_lies_in_the_interval(launches):
    found = launch_interval(launches)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.estimate <= found.high


@settings(deadline=None)
@given(runs, st.integers(2, 1000))
def test_scales_with_the_samples(launches, factor):
    once, scaled = launch_interval(launches), launch_interval(tuple(one * factor for one in launches))
    for name in ("estimate", "low", "high"):
        spread = max(abs(once.low), abs(once.high))
        expected = getattr(once, name) * factor
        assert getattr(scaled, name) == pytest.approx(expected, rel=1e-9, abs=1e-9 * spread * factor)


@settings(deadline=None)
@given(runs, st.randoms(use_true_random=False))
def test_order_of_launches_and_samples_is_indifferent(launches, random):
    shuffled = [np.array(random.sample(one.tolist(), len(one))) for one in launches]
    random.shuffle(shuffled)
    once, again = launch_interval(launches), launch_interval(tuple(shuffled))
    assert again.estimate == once.estimate
    assert (again.low, again.high) == (pytest.approx(once.low, abs=1e-3), pytest.approx(once.high, abs=1e-3))


@settings(deadline=None)
@given(runs)
def test_more_confidence_is_wider(launches):
    narrow, wide = launch_interval(launches, 0.9), launch_interval(launches, 0.99)
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high
