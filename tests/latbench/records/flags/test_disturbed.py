import numpy as np


def at(*levels):
    return np.repeat(np.log(np.array(levels))[:, None], 100, axis=1)


def test_seldom_fires_where_nothing_disturbs(alarms, world):
    assert alarms("disturbed", world) <= 0.05


def test_tells_how_far_the_latency_is_above_the_best(says):
    assert says("disturbed", at(1, 1, 1.3, 1.3, 1.3, 1.3)) == "1.30x"


def test_a_fast_majority_is_not_disturbed(says):
    assert says("disturbed", at(1, 1, 1, 1, 1.3)) is None


def test_is_silent_without_samples(says):
    assert says("disturbed", np.zeros((0, 0))) is None
