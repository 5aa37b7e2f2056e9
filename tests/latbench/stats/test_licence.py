import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from latbench.stats.licence import licensed, samples_needed

quantiles = st.floats(0.01, 0.9999)


@pytest.mark.parametrize(("p", "needed"), [(0.9, 64), (0.95, 130), (0.99, 662), (0.999, 6636)])
def test_needs_what_the_rule_says(p, needed):
    assert samples_needed(p) == needed
    assert not licensed(p, needed - 1)
    assert not licensed(p, needed - 0.1)
    assert licensed(p, needed)


@settings(deadline=None)
@given(quantiles, st.floats(0.5, 0.999))
def test_is_the_smallest_count_that_leaves_two_above(p, confidence):
    needed = samples_needed(p, confidence)
    assert binom.cdf(1, needed, 1 - p) <= (1 - confidence) * (1 + 1e-9)
    assert needed == 2 or binom.cdf(1, needed - 1, 1 - p) > (1 - confidence) * (1 - 1e-9)


@settings(deadline=None)
@given(quantiles, quantiles)
def test_further_out_needs_no_fewer(one, other):
    low, high = sorted((one, other))
    assert samples_needed(low) <= samples_needed(high)


@pytest.mark.parametrize("p", [0.0, 1.0, 90])
def test_what_is_no_quantile_is_refused(p):
    with pytest.raises(ValueError, match="no licence"):
        samples_needed(p)
