import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, theilslopes

from latbench.stats import trend


def correlated(rho, generator, size):
    noise = generator.normal(size=size)
    for index in range(1, size):
        noise[index] = rho * noise[index - 1] + np.sqrt(1 - rho**2) * noise[index]
    return noise


SHAPES = {
    "normal": lambda generator, size: 0.03 * generator.normal(size=size),
    "correlated": lambda generator, size: 0.03 * correlated(0.3, generator, size),
    "heavy": lambda generator, size: 0.02 * generator.standard_t(1.5, size=size).clip(-30, 200),
    "coarse": lambda generator, size: 0.02 * generator.integers(-1, 2, size=size),
}


def nanoseconds(logs):
    return (5e6 * np.exp(logs)).astype(np.int64)


@pytest.mark.parametrize("size", [6, 10, 30, 400])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_stream_at_rest_rarely_has_a_small_p_value(shape, size):
    """A p-value of 1 % or less: 3 in 300 expected, and more where a short stream hides its correlation."""
    generator = np.random.default_rng(size)
    found = [trend(nanoseconds(SHAPES[shape](generator, size))).p_value for _ in range(300)]
    assert sum(p <= 0.01 for p in found) <= (18 if shape == "correlated" and size < 100 else 9)


def test_strong_correlation_of_a_long_stream_is_allowed_for():
    generator = np.random.default_rng(0)
    found = [trend(nanoseconds(0.03 * correlated(0.6, generator, 400))).p_value for _ in range(200)]
    assert sum(p <= 0.01 for p in found) <= 9


@pytest.mark.parametrize("change", [-0.04, 0.03, 0.3])
@pytest.mark.parametrize("size", [10, 400])
def test_a_drift_is_found_with_its_size(size, change):
    generator = np.random.default_rng(0)
    rise = np.log1p(change) * np.arange(size) / size
    found = [trend(nanoseconds(rise + 0.003 * generator.normal(size=size))) for _ in range(50)]
    assert max(one.p_value for one in found) <= 0.01
    assert np.mean([one.slope for one in found]) == pytest.approx(change, rel=0.05)


def test_a_few_wild_values_change_little():
    values = nanoseconds(0.05 * np.arange(50) / 50)
    values[[3, 20, 41]] *= 100
    assert trend(values).slope == pytest.approx(0.05, abs=0.005)
    assert trend(values).p_value < 0.001


@pytest.mark.parametrize("ties", [False, True])
def test_the_steps_are_those_of_the_sources(ties):
    values = np.random.default_rng(1).integers(100, 112 if ties else 10**6, size=40)
    logs = np.log(values)
    found = trend(values)
    slope = theilslopes(logs, np.arange(40)).slope
    assert found.slope == pytest.approx(np.expm1(40 * slope))
    assert found.p_value == pytest.approx(
        kendalltau(np.arange(40), logs, method="asymptotic").pvalue, abs=0.02
    )


def test_correlation_makes_a_trend_less_certain():
    smooth = np.cumsum(correlated(0.5, np.random.default_rng(3), 100))
    shuffled = np.linspace(0, smooth[-1], 100) + np.random.default_rng(0).permutation(
        smooth - np.linspace(0, smooth[-1], 100)
    )
    assert trend(nanoseconds(0.01 * smooth)).p_value > trend(nanoseconds(0.01 * shuffled)).p_value


@pytest.mark.parametrize("values", [[], [5], [1, 2, 3], [7] * 30])
def test_nothing_to_see_is_no_trend(values):
    found = trend(np.array(values, dtype=np.int64))
    assert (found.slope, found.p_value) == (0.0, 1.0)


@given(st.lists(st.integers(1, 10**6), min_size=4, max_size=60).map(np.array))
def test_reversed_time_reverses_the_trend(values):
    there, back = trend(values), trend(values[::-1])
    # A fall by almost all is a slope close to -1, where a float keeps few digits of what is left.
    assert np.log1p(there.slope) == pytest.approx(-np.log1p(back.slope), rel=1e-6, abs=1e-9)
    assert 0 <= there.p_value <= 1
