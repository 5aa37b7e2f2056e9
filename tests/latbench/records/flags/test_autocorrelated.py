import numpy as np
import pytest


def smooth(generator, rho, shape=(10, 400)):
    noise = generator.normal(size=shape)
    for index in range(1, shape[1]):
        noise[:, index] = rho * noise[:, index - 1] + np.sqrt(1 - rho**2) * noise[:, index]
    return 0.03 * noise


def test_seldom_fires_on_little_dependence(alarms, world):
    assert alarms("autocorrelated", world) <= 0.04


def test_fires_when_five_samples_tell_less_than_one(alarms):
    assert alarms("autocorrelated", lambda generator: smooth(generator, 0.8)) >= 0.95


def test_tells_what_a_sample_is_worth(says):
    told = float(says("autocorrelated", smooth(np.random.default_rng(0), 0.9, (10, 2000))))
    assert told == pytest.approx(0.1 / 1.9, rel=0.2)


def test_is_silent_with_too_few_samples(says):
    assert says("autocorrelated", np.tile(np.linspace(0, 1, 19), (3, 1))) is None
    assert says("autocorrelated", np.tile(np.linspace(0, 1, 20), (3, 1))) is not None
    assert says("autocorrelated", np.zeros((0, 0))) is None
