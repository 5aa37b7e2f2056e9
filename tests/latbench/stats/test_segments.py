import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.stats import segments


def correlated(rho, generator, size):
    noise = generator.normal(size=size)
    for index in range(1, size):
        noise[index] = rho * noise[index - 1] + np.sqrt(1 - rho**2) * noise[index]
    return 0.03 * noise


STEADY = {
    "normal": lambda generator, size: 0.03 * generator.normal(size=size),
    "correlated": lambda generator, size: correlated(0.5, generator, size),
    "heavy": lambda generator, size: 0.02 * generator.standard_t(1.5, size=size).clip(-30, 200),
    "coarse": lambda generator, size: 0.02 * generator.integers(-1, 2, size=size),
    "two modes, taken at random": lambda generator, size: 0.4 * (generator.random(size) < 0.3),
    "spikes": lambda generator, size: (
        0.03 * generator.normal(size=size)
        + (generator.random(size) < 0.02) * generator.uniform(0.7, 2.3, size)
    ),
}


def nanoseconds(logs):
    return (5e6 * np.exp(logs)).astype(np.int64)


def starts(samples):
    return [one.start for one in segments(samples)][1:]


@pytest.mark.parametrize("size", [20, 100, 400])
@pytest.mark.parametrize("shape", STEADY)
def test_a_steady_stream_is_one_stretch(shape, size):
    """At alpha = 1 %, 200 streams give two with a step, and rarely by chance more than 7."""
    generator = np.random.default_rng(1)
    cut = sum(len(segments(nanoseconds(STEADY[shape](generator, size)))) > 1 for _ in range(200))
    assert cut <= 7


@pytest.mark.parametrize("shape", ["normal", "correlated", "heavy", "spikes"])
def test_steps_are_found_where_they_are(shape):
    generator = np.random.default_rng(2)
    right = 0
    for _ in range(100):
        first, dwell = generator.integers(30, 170, size=2)
        logs = STEADY[shape](generator, 400)
        logs[first : first + dwell] += np.log(1.56)
        found = starts(nanoseconds(logs))
        right += len(found) == 2 and bool(np.all(np.abs(np.array(found) - [first, first + dwell]) <= 2))
    assert right >= 95


@pytest.mark.parametrize("size", [400, 4000, 40_000])
def test_a_short_visit_is_found_however_long_the_stream(size):
    logs = STEADY["normal"](np.random.default_rng(3), size)
    logs[size // 2 : size // 2 + 50] += 0.4
    found = segments(nanoseconds(logs))
    assert [one.start for one in found] == [0, size // 2, size // 2 + 50]
    assert found[1].median == pytest.approx(5e6 * np.exp(0.4), rel=0.02)


def test_five_slow_samples_in_a_row_are_a_spike():
    logs = STEADY["normal"](np.random.default_rng(4), 400)
    logs[200:205] += 2
    assert len(segments(nanoseconds(logs))) == 1


def test_a_small_step_is_seen_beside_large_ones():
    logs = STEADY["normal"](np.random.default_rng(5), 800)
    logs[200:400] += 0.05
    logs[400:600] += 1
    assert len(segments(nanoseconds(logs))) == 4


@pytest.mark.parametrize("place", [10, 13, 50])
def test_a_step_without_noise_is_found(place):
    assert starts(np.array([9] * place + [3] * 60)) == [place]


def test_equal_samples_are_one_stretch():
    assert len(segments(np.full(500, 4_999_999))) == 1


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=80).map(np.array))
def test_stretches_cover_the_stream_and_tell_their_medians(samples):
    found = segments(samples, alpha=0.5)
    assert [one.start for one in found] == [0, *(one.stop for one in found[:-1])]
    assert found[-1].stop == len(samples)
    assert all(one.median == np.median(samples[one.start : one.stop]) for one in found)
    assert len(found) == 1 or min(map(len, found)) >= 10
