import math

import numpy as np
import pytest

from latbench.stats import crossover, crossover_of_logs
from latbench.stats.crossover import BASELINE, CANDIDATE, CROSSING, TIE

SIZES = (7, 14, 28, 56, 112, 224, 448)


def logs(truth, slope=0.5, sd=0.05, launches=5, seed=0):
    """Log ratios that rise through 0 at the size `truth`, launch by launch."""
    generator = np.random.default_rng(seed)
    return [slope * math.log(size / truth) + sd * generator.standard_normal(launches) for size in SIZES]


def held(found, truth):
    """Tell whether the interval holds the size `truth`; beyond the range an open end is all it can say."""
    if truth < SIZES[0]:
        return found.low == -math.inf
    if truth > SIZES[-1]:
        return found.high == math.inf
    return found.low <= truth <= found.high


# 200 seeded runs: a true rate of 95 % shows as 90 to 99 % (3 standard errors). Where the range ends, or the
# slopes on both sides of a crossover bound it, the interval holds the truth more often than it says.
@pytest.mark.parametrize("launches", [2, 3, 5, 10])
@pytest.mark.parametrize("truth", [9, 28, 600])
def test_the_interval_holds_the_truth_as_often_as_it_says(truth, launches):
    found = [
        held(crossover_of_logs(SIZES, logs(truth, 0.2, 0.1, launches, run), replicates=400, seed=run), truth)
        for run in range(200)
    ]
    assert np.mean(found) >= 0.9
    if truth == 28 and launches > 3:
        assert np.mean(found) <= 0.99


def test_noise_that_differs_between_sizes_is_covered_too():
    generator = np.random.default_rng(3)
    found = []
    for run in range(200):
        spread = 0.02 * 10 ** generator.random(len(SIZES))
        noise = (sd * generator.standard_normal(5) for sd in spread)
        found.append(
            crossover_of_logs(
                SIZES,
                [0.2 * math.log(size / 40) + one for size, one in zip(SIZES, noise, strict=True)],
                replicates=400,
                seed=run,
            )
        )
    assert np.mean([held(one, 40) for one in found]) >= 0.9


def test_it_is_interpolated_in_the_logarithm_of_the_size():
    values = [np.full(3, value) for value in (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0)]
    found = crossover_of_logs(SIZES, values)
    assert found.kind == CROSSING
    assert found.estimate == pytest.approx(math.sqrt(28 * 56))
    assert found.low == found.high == pytest.approx(found.estimate)
    assert found.points[0].ratio.estimate == pytest.approx(math.exp(-2))


def test_no_crossover_in_range_says_who_is_ahead_throughout():
    ahead = crossover_of_logs(SIZES, logs(truth=0.5))
    behind = crossover_of_logs(SIZES, logs(truth=50_000))
    assert (ahead.kind, ahead.estimate, ahead.high, ahead.settled) == (CANDIDATE, -math.inf, -math.inf, True)
    assert (behind.kind, behind.estimate, behind.low, behind.settled) == (BASELINE, math.inf, math.inf, True)
    assert ahead.points[0].ratio.low > 1


def test_an_end_beyond_the_range_is_open():
    found = crossover_of_logs(SIZES, logs(truth=7.3, slope=0.3, sd=0.1))
    assert found.low == -math.inf
    assert 7 < found.high < 28


def test_curves_that_cannot_be_told_apart_are_a_tie_and_not_an_estimate():
    found = crossover_of_logs(SIZES, logs(truth=56, slope=0.0, sd=0.1, launches=4))
    assert found.kind == TIE
    assert not found.settled


def test_equal_curves_without_noise_claim_nothing_beyond_the_range():
    found = crossover_of_logs(SIZES, [np.zeros(3)] * 7)
    assert found.estimate == pytest.approx(56)
    assert found.exceptions == ()


def test_one_launch_has_an_estimate_and_no_interval():
    found = crossover_of_logs(SIZES, logs(truth=40, sd=0, launches=1))
    assert found.estimate == pytest.approx(40)
    assert found.low is None
    assert found.high is None
    assert found.points[0].ratio.low is None
    assert not found.settled


def test_a_size_that_goes_against_the_fit_is_named():
    values = logs(truth=20, slope=0.6, sd=0.01)
    values[-1] = values[-1] - 4  # the candidate falls behind again at 448
    found = crossover_of_logs(SIZES, values)
    assert 448 in found.exceptions or found.points[-1].fitted < 1
    values = logs(truth=200, slope=0.6, sd=0.01)
    values[0] = np.array([0.1, 0.11, 0.09, 0.1, 0.1])
    assert crossover_of_logs(SIZES, values).exceptions == (7,)


def test_latencies_pair_launch_by_launch_and_lose_the_cost_of_a_call():
    drift = (1.0, 1.5, 0.8)
    baseline = [tuple(np.full(5, 1000 * size * d) + 500 for d in drift) for size in SIZES]
    candidate = [tuple(np.full(5, 28_000.0 * d) + 500 for d in drift) for _ in SIZES]
    costs = [(500.0,) * 3] * len(SIZES)
    net = crossover(SIZES, baseline, candidate, overheads=costs)
    assert net.estimate == pytest.approx(28)
    assert net.low == pytest.approx(net.high)
    assert net.points[0].ratio.estimate == pytest.approx(0.25)
    raw = crossover(SIZES, baseline, candidate)
    assert raw.points[0].ratio.estimate > 0.25


def test_the_same_seed_gives_the_same_interval():
    first, second = (crossover_of_logs(SIZES, logs(40), seed=5) for _ in range(2))
    assert first == second


def test_what_is_not_a_curve_is_refused():
    with pytest.raises(ValueError, match="ascend"):
        crossover_of_logs((7, 7), [np.ones(2)] * 2)
    with pytest.raises(ValueError, match="launches each"):
        crossover_of_logs((7, 14), [np.ones(2)])
    one = (np.array([1000]),)
    with pytest.raises(ValueError, match="pair"):
        crossover((7,), [one], [one * 2])
    with pytest.raises(ValueError, match="above the overhead"):
        crossover((7,), [one], [one], overheads=[(1000.0,)])
