import numpy as np
import pytest


def at(*levels):
    return np.repeat(np.log(np.array(levels))[:, None], 100, axis=1)


def test_never_fires_on_one_level(alarms, world):
    assert alarms("few_at_level", world) <= 0.01


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        ((1, 1, 1, 1, 1, 1, 1.5, 1.5), "2<5 at 7.5 ms"),
        ((1, 1.5, 1.5, 1.5, 1.5, 1.5), "1<5 at 5 ms"),
        ((1, 1, 1, 1, 1, 1.5, 1.5, 1.5, 1.5, 1.5), None),
        ((1, 1, 1), None),
    ],
)
def test_tells_the_least_visited_level(says, levels, told):
    assert says("few_at_level", at(*levels)) == told


def test_is_silent_without_samples(says):
    assert says("few_at_level", np.zeros((0, 0))) is None
