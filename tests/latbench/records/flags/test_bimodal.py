import numpy as np
import pytest


def test_seldom_fires_on_one_mode(alarms, world):
    assert alarms("bimodal", world, trials=60) <= 0.04


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_fires_on_two_modes_within_launches(alarms, share):
    def world(generator):
        slow = generator.random((10, 400)) < share
        return 0.01 * generator.normal(size=(10, 400)) + np.log(1.1) * slow

    assert alarms("bimodal", world, trials=60) >= 0.95


def test_tells_how_far_the_modes_are_apart_and_in_how_many_launches(says):
    generator = np.random.default_rng(0)
    logs = 0.01 * generator.normal(size=(3, 400))
    logs[:2] += np.log(1.5) * (generator.random((2, 400)) < 0.4)
    assert says("bimodal", logs) == "1.5x within 2/3 launches"


def test_launches_may_be_the_ones_that_differ(says):
    generator = np.random.default_rng(0)
    logs = 0.01 * generator.normal(size=(10, 100)) + np.log(1.25) * np.array([[0, 1] * 5]).T
    assert says("bimodal", logs) == "1.25x between launches"


def test_one_launch_of_many_may_be_chance(says):
    generator = np.random.default_rng(0)
    logs = 0.01 * generator.normal(size=(12, 100))
    logs[0, :50] += 0.1
    logs[0] = generator.permutation(logs[0])
    assert says("bimodal", logs) is None
    assert says("bimodal", logs[:1]) is not None


def test_a_slow_wander_is_not_taken_for_modes(says):
    generator = np.random.default_rng(0)
    steps = np.repeat(0.1 * generator.normal(size=(10, 4)), 100, axis=1)
    assert says("bimodal", steps + 0.01 * generator.normal(size=(10, 400))) is None


def test_is_silent_when_the_modes_are_close_or_samples_few(says):
    generator = np.random.default_rng(0)
    close = 0.001 * generator.normal(size=(10, 400)) + 0.015 * (generator.random((10, 400)) < 0.5)
    assert says("bimodal", close) is None
    assert says("bimodal", np.tile([0.0, 0.3], (3, 2))) is None
    assert says("bimodal", np.zeros((0, 0))) is None
