import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latbench.stats.changepoint import change_point

SHAPES = {
    "normal": lambda generator, shape: 0.02 * generator.normal(size=shape),
    "heavy": lambda generator, shape: 0.02 * generator.standard_t(1.5, size=shape).clip(-30, 200),
    "bimodal": lambda generator, shape: 0.4 * (generator.random(shape) < 0.3),
    "coarse": lambda generator, shape: 0.02 * generator.integers(-1, 2, size=shape),
}


def stream(shape, size, seed=0):
    return (5e6 * np.exp(SHAPES[shape](np.random.default_rng(seed), size))).astype(np.int64)


@pytest.mark.parametrize("length", [20, 50, 400])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_level_stream_has_no_step(shape, length):
    """At alpha = 1 %, 300 streams give 3 steps, and by chance not more than 9 in 999 of 1000 cases."""
    found = [change_point(one) for one in stream(shape, (300, length))]
    assert sum(step is not None for step in found) <= 9


@pytest.mark.parametrize("shape", ["normal", "heavy", "coarse"])
@pytest.mark.parametrize("place", [15, 50, 80])
def test_a_step_is_found_where_it_is(shape, place):
    samples = stream(shape, 100)
    samples[place:] = samples[place:] * 3 // 2
    found = change_point(samples)
    assert abs(found.index - place) <= 1
    assert found.ratio == pytest.approx(1.5, rel=0.05)
    assert found.p_value < 0.01


@pytest.mark.parametrize("place", [5, 8])
def test_a_step_without_noise_is_found(place):
    assert change_point(np.array([9] * place + [3] * 16)).index == place


@pytest.mark.parametrize("length", [25, 100])
def test_drift_shows_as_a_step(length):
    samples = (stream("normal", length) * np.linspace(1.2, 1, length)).astype(np.int64)
    assert change_point(samples).ratio < 0.95


@pytest.mark.parametrize("length", [0, 1, 9, 10, 50])
def test_equal_samples_have_no_step(length):
    assert change_point(np.full(length, 5_000_000)) is None


def test_a_few_slow_samples_are_a_spike():
    samples = stream("normal", 60)
    samples[:2] *= 40
    samples[30] *= 40
    assert change_point(samples) is None


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**9), max_size=40).map(np.array))
def test_both_levels_are_long_enough(samples):
    found = change_point(samples, alpha=1.0)
    assert found is None or 5 <= found.index <= len(samples) - 5
    assert found is None or 0 <= found.p_value <= 1


def test_units_are_indifferent():
    samples = stream("heavy", 80)
    samples[40:] *= 2
    once, scaled = change_point(samples), change_point(1000 * samples)
    assert (once.index, once.ratio) == (scaled.index, pytest.approx(scaled.ratio))
