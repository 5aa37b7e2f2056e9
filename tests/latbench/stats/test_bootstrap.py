import numpy as np
import pytest

from latbench.stats.bootstrap import _resampled_medians, hierarchical_bootstrap
from latbench.stats.interval import launch_interval


@pytest.fixture
def launches():
    generator = np.random.default_rng(3)
    levels = generator.normal(5e6, 1e5, size=(12, 1))
    return tuple((levels + generator.normal(0, 2e5, size=(12, 200))).astype(np.int64))


def test_the_seed_decides(launches):
    assert hierarchical_bootstrap(launches, seed=1) == hierarchical_bootstrap(launches, seed=1)
    assert hierarchical_bootstrap(launches, seed=1) != hierarchical_bootstrap(launches, seed=2)


def test_agrees_with_the_t_interval(launches):
    found, student = hierarchical_bootstrap(launches), launch_interval(launches)
    assert found.estimate == student.estimate
    assert found.low < found.estimate < found.high
    assert found.half_percent == pytest.approx(student.half_percent, rel=0.35)


def test_scales_with_the_samples(launches):
    once = hierarchical_bootstrap(launches)
    scaled = hierarchical_bootstrap(tuple(7 * one for one in launches))
    assert (scaled.low, scaled.high) == (pytest.approx(7 * once.low), pytest.approx(7 * once.high))


def test_more_confidence_is_wider(launches):
    narrow, wide = hierarchical_bootstrap(launches, 0.5), hierarchical_bootstrap(launches, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_one_launch_has_no_interval(launches):
    alone = hierarchical_bootstrap(launches[:1])
    assert (alone.low, alone.high) == (None, None)
    assert alone.estimate == np.median(launches[0])


def test_launches_may_differ_in_length(launches):
    ragged = tuple(one[: 5 + 3 * index] for index, one in enumerate(launches))
    found = hierarchical_bootstrap(ragged)
    assert found.low < found.estimate < found.high


@pytest.mark.parametrize("count", [1, 2, 7, 8])
def test_resampled_medians_follow_those_of_resamples(count):
    generator = np.random.default_rng(0)
    ordered = np.sort(generator.integers(0, 1000, size=count))
    fast = _resampled_medians(ordered, 40_000, generator)
    plain = np.median(generator.choice(ordered, size=(40_000, count)), axis=1)
    shares = np.linspace(0.05, 0.95, 10)
    steps = max(float(np.ptp(ordered)), 1.0)
    assert fast.mean() == pytest.approx(plain.mean(), abs=0.01 * steps)
    assert fast.std() == pytest.approx(plain.std(), abs=0.01 * steps)
    below = [np.mean(fast <= value) - np.mean(plain <= value) for value in np.quantile(plain, shares)]
    assert np.abs(below).max() < 0.015
