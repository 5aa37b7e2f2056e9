import numpy as np
import pytest


def test_seldom_fires_without_a_step(alarms, world):
    assert alarms("step", world) <= 0.04


@pytest.mark.parametrize("ratio", [1.05, 0.9])
def test_fires_on_a_step_between_launches(alarms, ratio):
    def world(generator):
        after = np.arange(10)[:, None] >= generator.integers(2, 9)
        noise = 0.02 * generator.normal(size=(10, 400)) + 0.005 * generator.normal(size=(10, 1))
        return noise + np.log(ratio) * after

    assert alarms("step", world) >= 0.95


def test_tells_the_ratio_and_the_first_launch_after_it(says):
    logs = np.zeros((10, 20))
    logs[3:] = np.log(1.31)
    assert says("step", logs) == "1.31x@launch 4"


def test_is_silent_below_2_percent_and_with_few_launches(says):
    logs = np.zeros((10, 20))
    logs[3:] = 0.015
    assert says("step", logs) is None
    assert says("step", 30 * logs[2:5]) is None
    assert says("step", np.zeros((0, 0))) is None
