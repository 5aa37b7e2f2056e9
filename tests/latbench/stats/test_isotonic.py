import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.stats.isotonic import isotonic, passing


def pooled(values, weights):
    """Pool adjacent violators, step by step."""
    blocks = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, wa, na), (b, wb, nb) = blocks[-2:]
            blocks[-2:] = [[(a * wa + b * wb) / (wa + wb), wa + wb, na + nb]]
    return [value for value, _, count in blocks for _ in range(count)]


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0.1, 10)), min_size=1, max_size=8),
)
def test_it_is_what_pooling_violators_one_by_one_gives(pairs):
    values, weights = (np.array(one) for one in zip(*pairs, strict=True))
    assert isotonic(values[None], weights)[0] == pytest.approx(pooled(values, weights), abs=1e-9)


def test_what_rises_is_left_as_it_is_and_each_curve_is_its_own():
    values = np.array([[-1.0, 0.0, 2.0], [2.0, 0.0, 1.0]])
    fit = isotonic(values, np.array([1.0, 3.0, 1.0]))
    assert fit[0] == pytest.approx(values[0])
    assert fit[1] == pytest.approx([0.5, 0.5, 1.0])


@pytest.mark.parametrize(
    ("curve", "place"),
    [
        ((-1, 1, 2), 0.5),
        ((-3, -1, 1), 1.5),
        ((1, 2, 3), -np.inf),
        ((-3, -2, -1), np.inf),
        ((-1, 0, 1), 1.0),
        ((0, 0, 1), 0.5),
        ((-1, 0, 0), 1.5),
        ((0, 0, 0), 1.0),
        ((-1, -1, 3), 1.25),
    ],
)
def test_a_curve_passes_zero_on_the_line_between_its_places(curve, place):
    found = passing(np.arange(3.0), np.array([curve], float))
    assert found[0] == pytest.approx(place)


def test_a_single_place_is_above_below_or_at_zero():
    found = passing(np.array([4.0]), np.array([[1.0], [-1.0], [0.0]]))
    assert list(found) == [-np.inf, np.inf, 4.0]
