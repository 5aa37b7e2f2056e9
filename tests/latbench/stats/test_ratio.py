import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latbench.stats.ratio import ratio_interval

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
