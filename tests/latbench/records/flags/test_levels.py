import numpy as np
import pytest

from latbench.records.flags.levels import milliseconds


def flipping(generator, ratio=1.5):
    logs = 0.02 * generator.normal(size=(10, 400))
    for launch in logs:
        first, dwell = generator.integers(50, 200, size=2)
        launch[first : first + dwell] += np.log(ratio)
    return logs


def test_seldom_fires_on_one_level(alarms, world):
    assert alarms("levels", world) <= 0.01


@pytest.mark.parametrize("ratio", [1.1, 1.5])
def test_fires_when_the_machine_goes_back_and_forth(alarms, ratio):
    assert alarms("levels", lambda generator: flipping(generator, ratio)) >= 0.95


def test_tells_the_levels_fastest_first(says):
    assert says("levels", np.repeat([[0.0], [np.log(1.5)]], 100, axis=1)[[0, 1, 1, 0]]) == "5|7.5 ms"
    assert says("levels", np.zeros((0, 0))) is None


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(3210, "0.00321"), (5_712_345, "5.71"), (999_400_000, "999"), (1.2345e9, "1234")],
)
def test_milliseconds_have_three_digits_or_all(nanoseconds, text):
    assert milliseconds(nanoseconds) == text
