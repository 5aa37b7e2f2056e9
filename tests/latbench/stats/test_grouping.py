import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.stats.grouping import boundaries

WEIGHTS = np.full(12, 100)


def scattered(levels, sd, count, seed=0):
    generator = np.random.default_rng(seed)
    return np.resize(levels, count) + sd * generator.normal(size=count)


@pytest.mark.parametrize("levels", [(0.0, 0.1), (0.0, 0.4), (0.0, 0.2, 0.4), (0.0, 0.15, 0.9)])
def test_narrow_levels_are_parted_between_them(levels):
    found = boundaries(scattered(levels, 0.005, 24), np.full(24, 100))
    assert found == pytest.approx((np.array(levels)[1:] + np.array(levels)[:-1]) / 2, abs=0.02)


@pytest.mark.parametrize(
    "logs",
    [
        np.zeros(12),
        np.linspace(0, 0.5, 12),
        np.sin(np.arange(12)),
        scattered((0.0,), 0.1, 12),
        scattered((0.0, 0.05), 0.001, 12),
        scattered((0.0, 0.3), 0.08, 12),
    ],
    ids=["equal", "flat", "sine", "bell", "under 6 % apart", "broad"],
)
def test_what_is_not_clearly_apart_is_one(logs):
    assert len(boundaries(logs, WEIGHTS)) == 0


def test_the_fewer_the_stretches_the_wider_the_gap_must_be():
    levels = np.array([0.0, 0.15])
    assert len(boundaries(np.tile(levels, 6), WEIGHTS)) == 1
    assert len(boundaries(levels, WEIGHTS[:2])) == 0
    assert len(boundaries(levels * 3, WEIGHTS[:2])) == 1


def test_a_rare_stretch_is_no_level_and_hides_none():
    logs = np.append(scattered((0.0, 0.4), 0.005, 12), [3.0, 1.5])
    sizes = np.append(WEIGHTS, [40, 12])
    assert boundaries(logs, sizes) == pytest.approx([0.2], abs=0.02)
    assert len(boundaries(np.array([0.0, 0.4]), np.array([4000, 190]))) == 0
    assert len(boundaries(np.array([0.0, 0.4]), np.array([4000, 220]))) == 1
    assert len(boundaries(np.array([0.0, 0.4]), np.array([40, 49]))) == 0


def test_a_fourth_level_is_not_told_apart():
    assert len(boundaries(scattered((0.0, 0.3, 0.6, 0.9), 0.001, 24), np.full(24, 100))) <= 2


def test_thousands_of_stretches_are_parted_too():
    found = boundaries(scattered((0.0, 0.4), 0.01, 4000), np.full(4000, 10))
    assert found == pytest.approx([0.2], abs=0.05)


@given(st.lists(st.tuples(st.floats(-1, 1), st.integers(10, 500)), min_size=1, max_size=30), st.randoms())
def test_the_order_of_stretches_is_indifferent(stretches, random):
    told = boundaries(*map(np.array, zip(*stretches, strict=True)))
    random.shuffle(stretches)
    assert boundaries(*map(np.array, zip(*stretches, strict=True))).tolist() == told.tolist()
    assert np.all(np.diff(told) > 0)
