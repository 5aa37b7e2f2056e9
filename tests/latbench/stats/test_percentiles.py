import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from latbench.stats.percentiles import STATISTIC, quantile, quantile_interval

samples = st.lists(st.integers(0, 10**9), min_size=1, max_size=200).map(np.array)
shares = st.floats(0.001, 0.999)
COLUMN = {statistic.name: statistic.compute for statistic in STATISTIC}


def test_is_an_observed_value_by_rank():
    values = np.arange(1, 101)[::-1]
    assert [quantile(values, p) for p in (0.001, 0.5, 0.9, 0.95, 0.99, 0.999, 1)] == [
        1,
        50,
        90,
        95,
        99,
        100,
        100,
    ]


@settings(deadline=None)
@given(samples, shares)
def test_agrees_with_the_inverse_distribution(values, p):
    assert quantile(values, p) == np.quantile(values, p, method="inverted_cdf")


@settings(deadline=None)
@given(samples, shares, shares)
def test_rises_with_p(values, one, other):
    low, high = sorted((one, other))
    assert quantile(values, low) <= quantile(values, high)


@settings(deadline=None)
@given(samples, shares, st.integers(1, 1000))
def test_scales_with_the_samples(values, p, factor):
    assert quantile(factor * values, p) == factor * quantile(values, p)


@pytest.mark.parametrize("p", [0, 1.1, 90])
def test_what_is_no_share_is_refused(p):
    with pytest.raises(ValueError, match="p must lie"):
        quantile(np.array([1, 2]), p)
    with pytest.raises(ValueError, match="p must lie"):
        quantile_interval(np.array([1, 2]), p)


def test_median_of_ten_has_the_tabled_ranks():
    assert quantile_interval(np.arange(1, 11), 0.5) == (2, 9)


def test_an_end_without_a_bound_is_none():
    assert quantile_interval(np.arange(1, 11), 0.9) == (7, None)
    assert quantile_interval(np.arange(1, 11), 0.1) == (None, 4)
    assert quantile_interval(np.array([5]), 0.5) == (None, None)


@settings(deadline=None)
@given(samples, shares)
def test_interval_holds_the_quantile(values, p):
    low, high = quantile_interval(values, p)
    assert low is None or low <= quantile(values, p)
    assert high is None or high >= quantile(values, p)


@settings(deadline=None)
@given(samples, shares, st.floats(1, 200))
@example(np.array([0, 1]), 0.984375, 1.0)
def test_dependence_widens(values, p, effective):
    low, high = quantile_interval(values, p)
    wide_low, wide_high = quantile_interval(values, p, effective=effective)
    assert wide_low is None or (low is not None and wide_low <= low)
    assert wide_high is None or (high is not None and wide_high >= high)


@pytest.mark.parametrize("p", [0.5, 0.9, 0.99])
def test_interval_covers_the_true_quantile(p):
    """Ranks are whole, so coverage is at least 95 %; 2 % is three standard errors of 1000 runs."""
    runs = np.random.default_rng(0).exponential(1e6, size=(1000, 1000))
    truth = -1e6 * np.log(1 - p)
    found = [quantile_interval(run, p) for run in runs]
    assert np.mean([low <= truth <= high for low, high in found]) >= 0.93


def test_columns_stay_empty_without_licence():
    generator = np.random.default_rng(0)

    def shown(count):
        launches = tuple(generator.integers(10**6, 10**7, size=(10, count)))
        return [name for name, compute in COLUMN.items() if compute(launches) is not None]

    assert shown(5) == []
    assert shown(10) == ["latency_p90_ms"]
    assert shown(40) == ["latency_p90_ms", "latency_p95_ms"]
    assert shown(400) == ["latency_p90_ms", "latency_p95_ms", "latency_p99_ms"]
    assert len(shown(1000)) == 4


def test_dependence_takes_the_licence_away():
    slow_waves = tuple(np.sort(np.random.default_rng(0).integers(10**6, 10**7, size=(10, 400)), axis=1))
    assert [compute(slow_waves) for compute in COLUMN.values()] == [None] * 4


def test_columns_pool_the_launches_in_milliseconds():
    generator = np.random.default_rng(0)
    launches = tuple(generator.permutation(np.arange(1, 4001) * 1_000_000).reshape(10, 400))
    assert COLUMN["latency_p90_ms"](launches) == 3600
    assert COLUMN["latency_p99_ms"](launches) == 3960
