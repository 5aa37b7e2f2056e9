import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latbench.stats.dependence import _ranks, effective_sample_size

samples = st.lists(st.integers(0, 10**6), min_size=1, max_size=60).map(np.array)
runs = st.lists(samples, min_size=1, max_size=5).map(tuple)


def correlated(rho, shape=(20, 400)):
    values = np.random.default_rng(0).normal(size=shape)
    for index in range(1, shape[1]):
        values[:, index] = rho * values[:, index - 1] + np.sqrt(1 - rho**2) * values[:, index]
    return tuple((5e6 * np.exp(0.05 * values)).astype(np.int64))


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_first_order_correlation_costs_what_theory_says(rho):
    assert effective_sample_size(correlated(rho)) == pytest.approx(8000 * (1 - rho) / (1 + rho), rel=0.15)


def test_alternation_counts_no_more_than_there_is():
    assert effective_sample_size((np.tile([1, 2], 50),)) == 100


def test_equal_samples_show_no_dependence():
    assert effective_sample_size((np.full(50, 7), np.array([1]))) == 51


def test_drift_costs_nearly_everything():
    assert effective_sample_size((np.arange(400),)) < 10


def test_an_outlier_hides_nothing():
    smooth = correlated(0.9)[0]
    spiked = smooth.copy()
    spiked[200] *= 1000
    assert effective_sample_size((spiked,)) == pytest.approx(effective_sample_size((smooth,)), rel=0.2)


def test_equal_samples_share_their_rank():
    assert _ranks(np.array([30, 10, 30, 20])).tolist() == [3.5, 1, 3.5, 2]


@settings(deadline=None)
@given(runs)
def test_lies_between_one_a_launch_and_all(launches):
    assert len(launches) <= effective_sample_size(launches) <= sum(map(len, launches))


@settings(deadline=None)
@given(runs)
def test_adds_up_over_launches_in_any_order(launches):
    parts = [effective_sample_size((one,)) for one in launches]
    assert effective_sample_size(launches[::-1]) == pytest.approx(sum(parts))


@settings(deadline=None)
@given(runs, st.integers(2, 1000))
def test_units_are_indifferent(launches, factor):
    scaled = tuple(factor * one for one in launches)
    assert effective_sample_size(scaled) == effective_sample_size(launches)
