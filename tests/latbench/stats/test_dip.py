import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from latbench.stats import dip


def nearest(ordered):
    """Return the dip by linear programming: for each mode, the nearest distribution convex, then concave."""
    return min(_nearest(ordered, mode) for mode in range(len(ordered)))


def _nearest(x, mode):
    count = len(x)
    knots = [*range(mode + 1), *range(mode, count)]  # the mode twice: below and above a jump there
    rows, bounds = [], []

    def demand(bound, **places):
        row = np.zeros(count + 2)
        for place, factor in places.values():
            row[place] += factor
        rows.append(row)
        bounds.append(bound)

    for place, index in enumerate(knots):
        after = index / count if place == mode else (index + 1) / count
        before = (index + 1) / count if place == mode + 1 else index / count
        demand(before, value=(place, 1), error=(-1, -1))
        demand(-after, value=(place, -1), error=(-1, -1))
        if place:
            demand(0, earlier=(place - 1, 1), later=(place, -1))
    for place in range(1, count):
        if place in (mode, mode + 1):
            continue
        bend = 1 if place < mode else -1
        left, right = (1 / (x[knots[at + 1]] - x[knots[at]]) for at in (place - 1, place))
        demand(
            0,
            left=(place - 1, -bend * left),
            here=(place, bend * (left + right)),
            right=(place + 1, -bend * right),
        )
    found = linprog(np.eye(count + 2)[-1], A_ub=np.array(rows), b_ub=bounds, bounds=[(0, 1)] * (count + 2))
    return found.fun


@pytest.mark.parametrize("seed", range(12))
def test_the_statistic_is_the_distance_to_the_nearest_distribution_of_one_mode(seed):
    generator = np.random.default_rng(seed)
    half = 4 + seed % 3
    values = np.concatenate([generator.normal(9, 1, half), generator.normal(9 + seed, 1, half)])
    assert dip(values).statistic == pytest.approx(nearest(np.sort(values)), abs=1e-6)


@pytest.mark.parametrize("count", [6, 12, 40, 300, 2000])
def test_flat_values_have_a_p_value_below_5_percent_in_5_percent(count):
    """The error of a share of 5 % of 400 is 1.1 %."""
    generator = np.random.default_rng(count)
    found = np.array([dip(generator.uniform(1, 2, count)).p_value for _ in range(400)])
    assert np.mean(found <= 0.05) == pytest.approx(0.05, abs=0.033)
    assert np.mean(found <= 0.01) <= 0.03


@pytest.mark.parametrize("shape", ["normal", "gamma", "t"])
def test_one_mode_is_seen_as_one(shape):
    generator = np.random.default_rng(0)
    draw = {
        "normal": lambda: generator.normal(100, 3, 400),
        "gamma": lambda: generator.gamma(2, 10, 400),
        "t": lambda: 100 + generator.standard_t(2, 400),
    }[shape]
    assert sum(dip(draw()).p_value <= 0.01 for _ in range(100)) <= 1


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_two_modes_are_seen(share):
    generator = np.random.default_rng(1)
    logs = 0.01 * generator.normal(size=(100, 400)) + 0.0953 * (generator.random((100, 400)) < share)
    assert all(dip((5e6 * np.exp(one)).astype(np.int64)).p_value <= 0.01 for one in logs)


def test_two_modes_are_the_farther_from_one_the_fewer_lie_between():
    assert dip(np.concatenate([np.linspace(1, 1.01, 50), np.linspace(9, 9.01, 50)])).statistic > 0.2
    assert dip(np.linspace(1, 9, 100)).statistic == pytest.approx(1 / 200)


def test_a_coarse_clock_makes_no_modes():
    ticks = np.round(np.random.default_rng(2).normal(40, 2, 500)).astype(np.int64)
    assert dip(100 * ticks).p_value > 0.1


def test_dependent_values_tell_less():
    values = np.concatenate([np.random.default_rng(0).normal(level, 0.1, 50) for level in (5, 6)])
    assert dip(values).p_value < dip(values, effective=12).p_value
    assert dip(values, effective=5).p_value == 1
    assert dip(values, effective=1000) == dip(values)


@pytest.mark.parametrize("values", [[3], [3, 4, 9, 9, 1], [7] * 50, [0] * 9])
def test_too_few_or_equal_values_have_one_mode(values):
    assert dip(np.array(values)).p_value > 0.4


def test_no_values_have_no_dip():
    with pytest.raises(ValueError, match="no values"):
        dip(np.array([], dtype=np.int64))


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=40), st.randoms())
def test_order_and_unit_are_indifferent(values, random):
    once = dip(np.array(values))
    random.shuffle(values)
    again = dip(1000 * np.array(values))
    assert again.statistic == pytest.approx(once.statistic)
    assert 0.5 / len(values) - 1e-12 <= once.statistic <= max(0.25, 0.5 / len(values)) + 1e-12
    assert 0.001 <= once.p_value <= 1
