from hypothesis import given
from hypothesis import strategies as st

from latbench.stats.holm import holm

chances = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_the_smallest_is_multiplied_most():
    assert holm((0.01, 0.04, 0.03)) == (0.03, 0.06, 0.06)


def test_one_alone_stays_as_it_is():
    assert holm((0.04,)) == (0.04,)
    assert holm(()) == ()


def test_a_test_that_was_not_made_counts_for_nothing():
    assert holm((None, 0.02, None, 0.5)) == (None, 0.04, None, 0.5)


@given(chances)
def test_never_smaller_never_above_one_and_in_the_same_order(p_values):
    adjusted = holm(p_values)
    assert all(p <= other <= 1 for p, other in zip(p_values, adjusted, strict=True))
    for one, two in zip(p_values, adjusted, strict=True):
        assert all(two <= other for p, other in zip(p_values, adjusted, strict=True) if p >= one)


@given(chances, st.floats(0.01, 0.2))
def test_calls_what_the_steps_of_holm_call(p_values, error):
    """Step down: the i-th smallest against error / (m - i), until one is not rejected."""
    rejected = 0
    for p in sorted(p_values):
        if (len(p_values) - rejected) * p > error:
            break
        rejected += 1
    assert sum(p <= error for p in holm(p_values)) == rejected
