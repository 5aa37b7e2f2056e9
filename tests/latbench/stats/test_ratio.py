import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from latbench.stats.interval import Interval
from latbench.stats.ratio import block_effect, block_ratio, mean_effect, ratio_interval, round_ratio

samples = st.lists(st.integers(1, 10**9), min_size=1, max_size=5).map(np.array)
pairs = st.lists(st.tuples(samples, samples), min_size=2, max_size=8)


def test_a_common_factor_of_a_block_cancels():
    baseline = tuple(np.array([level * 2]) for level in (100, 150, 90))
    candidate = tuple(np.array([level]) for level in (100, 150, 90))
    found = ratio_interval(baseline, candidate)
    assert (found.estimate, found.low, found.high) == pytest.approx((2, 2, 2))


@settings(deadline=None)
@given(pairs)
def test_swapping_gives_the_reciprocal(blocks):
    baseline, candidate = (tuple(side) for side in zip(*blocks, strict=True))
    one, other = ratio_interval(baseline, candidate), ratio_interval(candidate, baseline)
    assert one.low <= one.estimate <= one.high
    assert math.log(other.estimate) == pytest.approx(-math.log(one.estimate), abs=1e-9)


@settings(deadline=None)
@given(pairs, st.integers(2, 1000))
def test_units_are_indifferent(blocks, factor):
    baseline, candidate = (tuple(side) for side in zip(*blocks, strict=True))
    scaled = ratio_interval(tuple(factor * one for one in baseline), tuple(factor * one for one in candidate))
    assert scaled.estimate == pytest.approx(ratio_interval(baseline, candidate).estimate)


def test_one_block_has_no_interval():
    found = ratio_interval((np.array([3]),), (np.array([2]),))
    assert (found.low, found.high) == (None, None)
    assert found.estimate == pytest.approx(1.5)


def test_what_does_not_pair_is_refused():
    with pytest.raises(ValueError, match="do not pair: 1 against 0"):
        ratio_interval((np.array([3]),), ())
    with pytest.raises(ValueError, match="0 ns"):
        ratio_interval((np.array([3]),), (np.array([0]),))


def test_what_befalls_a_round_falls_on_both():
    generator = np.random.default_rng(0)
    pace = [np.exp(generator.normal(0, 0.5, size=9)) for _ in range(4)]
    found = round_ratio(tuple(3e6 * one for one in pace), tuple(2e6 * one for one in pace))
    assert (found.estimate, found.low, found.high) == pytest.approx((1.5, 1.5, 1.5))
    alone = ratio_interval(tuple(3e6 * one[::2] for one in pace), tuple(2e6 * one[1::2] for one in pace))
    assert alone.high / alone.low > 1.1


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)), min_size=1), min_size=2))
def test_rounds_swap_to_the_reciprocal(launches):
    baseline, candidate = (tuple(np.array(one)[:, side] for one in launches) for side in (0, 1))
    one, other = round_ratio(baseline, candidate), round_ratio(candidate, baseline)
    assert one.low <= one.estimate <= one.high
    assert math.log(other.estimate) == pytest.approx(-math.log(one.estimate), abs=1e-9)


def test_rounds_that_do_not_pair_are_refused():
    pair = np.array([3, 4])
    for other in ((), (pair[:1],), (pair, pair)):
        with pytest.raises(ValueError, match="do not pair"):
            round_ratio((pair,), other)
    with pytest.raises(ValueError, match="0 ns"):
        round_ratio((pair,), (np.array([3, 0]),))
    assert round_ratio((pair,), (pair,)) == Interval(1.0, None, None)


def test_the_block_is_the_unit():
    baseline = tuple(np.array([level]) for level in (100, 120, 200, 220, 300, 360))
    candidate = tuple(np.array([level]) for level in (90, 100, 210, 200, 300, 290))
    logs = np.log([120 / 90, 220 / 200, 360 / 290]) / 2 + np.log([100 / 100, 200 / 210, 300 / 300]) / 2
    low, high = reference.t.interval(0.9, 2, loc=logs.mean(), scale=reference.sem(logs))
    found = block_ratio(baseline, candidate, 2, confidence=0.9)
    expected = np.exp([logs.mean(), low, high])
    assert (found.estimate, found.low, found.high) == pytest.approx(tuple(expected))
    tested = reference.ttest_1samp(logs, 0)
    assert block_effect(baseline, candidate, 2).p_value == pytest.approx(tested.pvalue)


def test_an_even_drift_cancels_in_abba():
    drift = np.exp(0.01 * np.arange(8))  # A B B A, B A A B
    candidate = tuple(np.array([round(1e9 * drift[place])]) for place in (1, 2, 4, 7))
    baseline = tuple(np.array([round(1e9 * drift[place])]) for place in (0, 3, 5, 6))
    assert block_ratio(baseline, candidate, 2).estimate == pytest.approx(1)


def test_the_interval_and_the_p_value_agree():
    generator = np.random.default_rng(0)
    for _ in range(50):
        effect = mean_effect(generator.normal(0.01, 0.02, size=8))
        found = effect.interval(1 - effect.p_value)
        assert min(abs(math.log(found.low)), abs(math.log(found.high))) == pytest.approx(0, abs=1e-9)


def test_launches_without_spread_still_have_a_p_value():
    same, slower = (tuple(np.array([level]) for _ in range(6)) for level in (100, 130))
    assert block_effect(same, same, 2).p_value == 1
    assert block_effect(slower, same, 2).p_value == pytest.approx(0, abs=1e-12)


def test_one_block_has_an_estimate_alone():
    effect = block_effect((np.array([3]),) * 2, (np.array([2]),) * 2, 2)
    assert (effect.units, effect.standard_error, effect.p_value) == (1, None, None)
    assert effect.interval() == Interval(pytest.approx(1.5), None, None)


@pytest.mark.parametrize(("one", "other"), [(3, 3), (2, 4), (0, 0)])
def test_what_does_not_fill_blocks_is_refused(one, other):
    with pytest.raises(ValueError, match=f"blocks of 2: {one} against {other}"):
        block_ratio((np.array([3]),) * one, (np.array([3]),) * other, 2)


def test_an_interval_stays_finite():
    wild = mean_effect(np.array([-400.0, 0.0])).interval(0.9999)
    assert 0 < wild.low < wild.high < math.inf
