import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latbench.stats.allocation import STATISTIC, Allocation, allocate
from latbench.stats.interval import launch_interval

LAUNCHES, ITERATIONS = (statistic.compute for statistic in STATISTIC)
PILOT = Allocation(estimate=1000.0, iterations=100.0, within=400.0, between=25.0)
variances = st.floats(0.01, 1e6)


def simulated(launch_sd, sample_sd, launches=400, iterations=400):
    generator = np.random.default_rng(0)
    levels = generator.normal(1e7, launch_sd, size=(launches, 1))
    noise = generator.normal(0, sample_sd, size=(launches, iterations))
    return tuple((levels + noise).astype(np.int64))


def test_formulas_are_kalibera_and_jones():
    assert PILOT.best_iterations(launch_cost=100) == math.ceil(math.sqrt(100 * 400 / 25)) == 40
    assert PILOT.standard_error(10) == pytest.approx(math.sqrt(25 / 10 + 400 / 1000))
    assert PILOT.standard_error(10, iterations=1) == pytest.approx(math.sqrt(25 / 10 + 400 / 10))


def test_recovers_the_variances():
    pilot = allocate(simulated(launch_sd=1e5, sample_sd=4e5))
    assert pilot.between == pytest.approx(1e10, rel=0.15)
    assert pilot.within == pytest.approx(math.pi / 2 * 1.6e11, rel=0.15)


def test_predicts_the_spread_at_other_iterations():
    pilot = allocate(simulated(launch_sd=1e5, sample_sd=1e6))
    short = simulated(launch_sd=1e5, sample_sd=1e6, iterations=50)
    seen = np.std([np.median(launch) for launch in short], ddof=1)
    assert pilot.standard_error(1, iterations=50) == pytest.approx(seen, rel=0.15)


def test_launches_that_do_not_differ_ask_for_no_end_of_iterations():
    same = simulated(launch_sd=0, sample_sd=1e5, launches=2)
    same = (same[0], same[0])
    assert allocate(same).between == 0
    assert allocate(same).best_iterations(1000) is None


def test_the_answer_is_the_least_that_reaches_the_target():
    launches = simulated(launch_sd=2e5, sample_sd=1e5, launches=10)
    half = launch_interval(launches).half_percent / 100
    assert allocate(launches).launches_needed(half * (1 + 1e-9)) == 10
    assert allocate(launches).launches_needed(half * (1 - 1e-9)) == 11


@settings(deadline=None)
@given(variances, variances, st.floats(0.001, 0.1), st.floats(0.001, 0.1))
def test_a_finer_target_needs_no_fewer(within, between, one, other):
    pilot = Allocation(1000.0, 100.0, within, between)
    fine, coarse = sorted((one, other))
    assert pilot.launches_needed(fine) >= pilot.launches_needed(coarse) >= 2


@settings(deadline=None)
@given(variances, variances, st.floats(0.5, 1e5))
def test_the_best_iterations_cost_least(within, between, launch_cost):
    pilot = Allocation(1000.0, 100.0, within, between)
    best = pilot.best_iterations(launch_cost)

    def cost(iterations):
        return (launch_cost + iterations) * pilot.standard_error(1, iterations) ** 2

    assert cost(best) <= cost(best + 1) * (1 + 1e-9)
    assert best == 1 or cost(best - 0.999) <= cost(max(best - 2, 0.5)) * (1 + 1e-9)


def test_columns_say_what_one_percent_takes():
    launches = simulated(launch_sd=2e5, sample_sd=1e5, launches=10)
    needed = allocate(launches).launches_needed(0.01)
    assert LAUNCHES(launches) == needed
    assert ITERATIONS(launches) == 400 * needed
    assert 10 < needed < 40


def test_one_launch_says_nothing():
    alone = simulated(0, 1e5, launches=1)
    assert (allocate(alone), LAUNCHES(alone), ITERATIONS(alone)) == (None, None, None)
    nothing = (np.array([0]), np.array([0]))
    assert LAUNCHES(nothing) is None


def test_an_impossible_target_is_refused():
    with pytest.raises(ValueError, match="no interval can be 0 of"):
        PILOT.launches_needed(0)
