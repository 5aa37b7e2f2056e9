import numpy as np
import pytest

from latbench.stats import step


def launches(medians):
    return tuple(np.full(9, one, dtype=np.int64) for one in medians)


def noisy(generator, count, sd=0.01):
    return 5e6 * np.exp(sd * generator.normal(size=count))


@pytest.mark.parametrize("count", [4, 6, 10, 30])
def test_launches_at_rest_rarely_step(count):
    """At alpha = 1 %, 300 cells give at most 3, and rarely by chance more than 8."""
    generator = np.random.default_rng(count)
    assert sum(step(launches(noisy(generator, count))) is not None for _ in range(300)) <= 8


@pytest.mark.parametrize("place", [2, 4, 8])
@pytest.mark.parametrize("ratio", [0.95, 1.05])
def test_a_step_is_found_where_it_is(place, ratio):
    generator = np.random.default_rng(place)
    found = []
    for _ in range(50):
        medians = noisy(generator, 10, 0.005)
        medians[place:] *= ratio
        found.append(step(launches(medians)))
    assert all(found)
    assert np.mean([one.index == place for one in found]) > 0.9
    assert np.mean([one.ratio for one in found]) == pytest.approx(ratio, rel=0.005)
    assert max(one.p_value for one in found) <= 0.01


def test_a_step_without_noise_is_found():
    found = step(launches([5_000_000] * 3 + [6_000_000] * 7))
    assert (found.index, found.ratio, found.p_value) == (3, 1.2, 0.0)


@pytest.mark.parametrize(
    "medians",
    [
        [5, 5, 9],
        [7_000_000] * 10,
        [5_000_000] * 9 + [9_000_000],
        [5_000_000, 9_000_000] * 5,
        list(range(5_000_000, 6_000_000, 100_000)),
    ],
    ids=["too few", "equal", "one outlier", "back and forth", "a straight line"],
)
def test_what_is_no_step(medians):
    assert step(launches(medians)) is None
