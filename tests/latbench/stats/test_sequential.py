from statistics import NormalDist

import numpy as np
import pytest

from latbench.stats.sequential import spent
from latbench.stats.student import t_quantile

# Published two-sided bounds at 5 % for five even looks: Jennison & Turnbull 2000, chapter 7.
PUBLISHED = {
    "obrien-fleming": (4.877, 3.357, 2.680, 2.290, 2.031),
    "pocock": (2.438, 2.427, 2.410, 2.397, 2.386),
}


@pytest.mark.parametrize("shape", PUBLISHED)
def test_the_bounds_are_the_published_ones(shape):
    bounds = [NormalDist().inv_cdf((1 + one) / 2) for one in spent((10, 20, 30, 40, 50), shape=shape)]
    assert bounds == pytest.approx(PUBLISHED[shape], abs=2e-3)


def test_one_look_is_the_plain_interval():
    assert spent((10,)) == pytest.approx((0.95,))
    assert spent((10,), error=0.1) == pytest.approx((0.9,))


@pytest.mark.parametrize("shape", PUBLISHED)
@pytest.mark.parametrize("looks", [(3, 5, 8, 12, 20), (5, 6, 7, 40), (1, 100)])
def test_all_looks_together_err_as_often_as_promised(looks, shape):
    walks = np.cumsum(np.random.default_rng(0).standard_normal((40_000, looks[-1]), dtype=np.float32), axis=1)
    bounds = [NormalDist().inv_cdf((1 + one) / 2) for one in spent(looks, shape=shape)]
    crossed = [abs(walks[:, look - 1]) / look**0.5 > z for look, z in zip(looks, bounds, strict=True)]
    assert np.any(crossed, axis=0).mean() == pytest.approx(0.05, abs=0.0035)


@pytest.mark.parametrize("looks", [(), (0, 3), (3, 3), (5, 4)])
def test_looks_that_do_not_rise_are_refused(looks):
    with pytest.raises(ValueError, match="looks must rise"):
        spent(looks)


def stopped(looks, spread, target, runs=4000):
    """Return the share of runs as narrow as `target`, and of those the share that covers the truth."""
    values = 1 + spread * np.random.default_rng(0).standard_normal((runs, looks[-1]))
    going, covered = np.ones(runs, bool), []
    for look, confidence in zip(looks, spent(looks), strict=True):
        means, error = values[:, :look].mean(1), values[:, :look].std(1, ddof=1) / look**0.5
        ends = going & (t_quantile((1 + confidence) / 2, look - 1) * error <= target * means)
        covered.append((abs(means - 1) <= t_quantile(0.975, look - 1) * error)[ends])
        going &= ~ends
    return 1 - going.mean(), np.concatenate(covered).mean()


@pytest.mark.parametrize("target", [0.01, 0.05])
@pytest.mark.parametrize("effort", [0.3, 1, 2])
def test_the_plain_interval_still_covers_where_precision_stopped_it(target, effort):
    """`effort` is the spread between launches over the target; runs mostly get there in 40 launches."""
    ended, covered = stopped((5, 10, 15, 20, 30, 40), effort * target, target)
    assert ended > 0.99
    assert 0.93 <= covered <= 0.96
