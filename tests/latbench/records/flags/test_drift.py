import numpy as np
import pytest

DRIFT = np.linspace(0, 1, 10)[:, None]


def test_seldom_fires_without_a_drift(alarms, world):
    assert alarms("drift", world) <= 0.04


@pytest.mark.parametrize("change", [0.03, -0.05])
def test_fires_on_a_drift_over_the_run(alarms, change):
    def world(generator):
        return (
            0.01 * generator.normal(size=(10, 400)) + 0.003 * generator.normal(size=(10, 1)) + change * DRIFT
        )

    assert alarms("drift", world) >= 0.95


@pytest.mark.parametrize("launches", [1, 3, 10])
def test_fires_on_a_drift_within_launches(says, launches):
    noise = 0.01 * np.random.default_rng(0).normal(size=(launches, 400))
    told = says("drift", noise - np.linspace(0, 0.05, 400))
    assert told.endswith(f" within {launches}/{launches} launches")
    assert float(told.partition("%")[0]) == pytest.approx(-4.9, abs=0.4)


def test_tells_the_change_over_the_whole_run(says):
    noise = 0.001 * np.random.default_rng(0).normal(size=(10, 50))
    assert says("drift", noise + 0.1 * DRIFT) == "+12%"


def test_is_silent_below_2_percent_and_with_too_few_samples(says):
    assert says("drift", np.zeros((10, 50)) + 0.015 * DRIFT) is None
    assert says("drift", np.zeros((5, 50)) + 0.2 * DRIFT[:5]) is None
    assert says("drift", np.tile(np.linspace(0, 1, 19), (3, 1))) is None
    assert says("drift", np.zeros((0, 0))) is None
