import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from latbench.stats.rank import FEWEST, RankCorrelation, mean_ranks, rank_correlation

values = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=FEWEST, max_size=8)


def known(pairs):
    xs, ys = zip(*pairs, strict=True)
    return xs, ys, rank_correlation(xs, ys)


@settings(max_examples=25)
@given(values)
def test_the_coefficients_are_those_of_scipy(pairs):
    xs, ys, found = known(pairs)
    if len(set(xs)) < 2 or len(set(ys)) < 2:
        assert found == RankCorrelation(len(pairs))
        return
    assert found.rho == pytest.approx(scipy_stats.spearmanr(xs, ys).statistic, abs=1e-12)
    assert found.tau == pytest.approx(scipy_stats.kendalltau(xs, ys).statistic, abs=1e-12)
    assert -1 <= found.low <= found.rho <= found.high <= 1


@pytest.mark.parametrize("n", [4, 6, 8])
def test_the_p_values_of_few_pairs_are_exact(n):
    generator = np.random.default_rng(n)
    xs, ys = generator.permutation(n), generator.permutation(n)
    found = rank_correlation(xs, ys)
    exact = (
        scipy_stats.permutation_test(
            (ys,),
            lambda order: scipy_stats.spearmanr(xs, order).statistic,
            permutation_type="pairings",
            n_resamples=math.factorial(n),
        )
        if n <= 6
        else None
    )
    assert found.p_tau == pytest.approx(scipy_stats.kendalltau(xs, ys, method="exact").pvalue)
    if exact is not None:
        assert found.p_rho == pytest.approx(exact.pvalue)


def test_the_p_values_of_many_pairs_are_near_the_exact_ones():
    generator = np.random.default_rng(1)
    xs = np.arange(14)
    ys = xs + generator.normal(scale=6, size=14)
    found = rank_correlation(xs, ys)
    exact = scipy_stats.kendalltau(xs, ys, method="exact").pvalue
    assert 0.001 < exact < 0.2
    assert found.p_tau == pytest.approx(exact, rel=0.15)
    assert rank_correlation(xs, ys) == found


def test_equal_values_share_the_mean_of_their_ranks():
    assert list(mean_ranks([3.0, 1.0, 3.0, 7.0])) == [2.5, 1.0, 2.5, 4.0]


def test_the_same_order_is_one_and_the_reverse_minus_one():
    same = rank_correlation([1, 2, 3, 4, 5], [10, 20, 30, 40, 50])
    assert (same.rho, same.high, same.tau) == (1, 1, 1)
    assert same.p_rho == same.p_tau == 2 / math.factorial(5)
    reverse = rank_correlation([1, 2, 3, 4, 5], [5, 4, 3, 2, 1])
    assert (reverse.rho, reverse.low, reverse.tau) == (-1, -1, -1)
    assert reverse.high == -same.low > -1


@pytest.mark.parametrize("xs", [[1, 2, 3], [], [2, 2, 2, 2, 2]])
def test_too_few_or_equal_values_say_nothing(xs):
    assert rank_correlation(xs, list(range(len(xs)))) == RankCorrelation(len(xs))


def test_rankings_of_different_length_are_no_pairs():
    with pytest.raises(ValueError, match="of 4 and of 3"):
        rank_correlation([1, 2, 3, 4], [1, 2, 3])


@pytest.mark.parametrize(("n", "correlation"), [(5, 0.8), (8, 0.5), (20, 0.9)])
def test_the_interval_covers_about_what_it_says(monkeypatch, n, correlation):
    monkeypatch.setattr("latbench.stats.rank._DRAWN", 2)
    monkeypatch.setattr("latbench.stats.rank._EXACT_UP_TO", 3)
    generator = np.random.default_rng(n)
    true = 6 / math.pi * math.asin(correlation / 2)
    covered = 0
    for _ in range(600):
        xs, noise = generator.standard_normal((2, n))
        found = rank_correlation(xs, correlation * xs + math.sqrt(1 - correlation**2) * noise)
        covered += found.low <= true <= found.high
    assert 0.92 < covered / 600 <= 1
