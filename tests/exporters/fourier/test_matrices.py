import numpy as np
import pytest

from exporters.fourier.matrices import (
    LONGEST_DENSE,
    backward,
    dense,
    factors,
    forward,
    stages,
    to_real,
    weights,
)


def joined(z):
    return np.concatenate([z.real, z.imag])


@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 30, 101])
class TestDense:
    @pytest.fixture
    def z(self, length):
        rng = np.random.default_rng(length)
        return rng.standard_normal(length) + 1j * rng.standard_normal(length)

    @pytest.mark.parametrize("half", [True, False])
    def test_of_a_real_signal(self, length, z, half):
        made = dense(forward(length, real_in=True, half=half, scale=0.5)) @ z.real
        expected = np.fft.rfft(z.real) if half else np.fft.fft(z.real)
        assert np.abs(made - 0.5 * joined(expected)).max() < 1e-12

    def test_of_a_complex_one_there_and_back(self, length, z):
        there = dense(forward(length, real_in=False, half=False, scale=1.0)) @ joined(z)
        assert np.abs(there - joined(np.fft.fft(z))).max() < 1e-12
        back = dense(backward(length, scale=1 / length)) @ there
        assert np.abs(back - joined(z)).max() < 1e-12

    def test_of_half_a_spectrum_ignores_what_symmetry_leaves_no_place_for(self, length, z):
        half = z[: length // 2 + 1]
        made = dense(to_real(length, scale=1 / length)) @ joined(half)
        assert np.abs(made - np.fft.irfft(half, n=length)).max() < 1e-12
        matrix = dense(to_real(length, scale=1.0))
        assert not matrix[:, half.size].any()
        assert length % 2 or not matrix[:, -1].any()


@pytest.mark.parametrize(("length", "inner"), [(12, 3), (12, 4), (30, 5), (35, 7), (257 * 2, 2)])
def test_two_products_are_the_one(length, inner):
    rng = np.random.default_rng(0)
    z = rng.standard_normal(length) + 1j * rng.standard_normal(length)
    first, second = stages(forward(length, real_in=False, half=False, scale=1.0), inner)
    x = np.stack([z.real, z.imag]).reshape(2 * inner, length // inner)
    y = (first @ x).reshape(inner, 2 * (length // inner), 1)
    made = (second @ y).reshape(inner, 2, -1).transpose(1, 2, 0).reshape(-1)
    assert np.abs(made - joined(np.fft.fft(z))).max() < 1e-10


def test_only_a_long_composite_length_is_split():
    def split(length):
        return factors(forward(length, real_in=True, half=True, scale=1.0))

    assert split(LONGEST_DENSE) is None
    assert split(257) is None  # a prime
    assert split(448) == (16, 28)
    assert split(1024) == (32, 32)
    assert split(514) == (2, 257)


def test_the_constants_of_a_split_transform_stay_small():
    first, second = stages(forward(4096, real_in=True, half=True, scale=1.0), 64)
    assert first.size + second.size < 4096 * 4096 / 25


def test_mirrored_frequencies_count_twice():
    assert weights(to_real(6, scale=1.0)).tolist() == [1, 2, 2, 1]
    assert weights(to_real(5, scale=1.0)).tolist() == [1, 2, 2]
    assert weights(backward(4, scale=1.0)).tolist() == [1, 1, 1, 1]


def test_transforms_of_one_name_have_the_same_matrix():
    every = [
        transform
        for n in (1, 2, 3, 4, 5)
        for scale in (1.0, 1 / n, n**-0.5, (n * 7) ** -0.5)
        for transform in (
            forward(n, real_in=True, half=True, scale=scale),
            forward(n, real_in=True, half=False, scale=scale),
            forward(n, real_in=False, half=False, scale=scale),
            backward(n, scale=scale),
            to_real(n, scale=scale),
        )
    ]
    found = {}
    for transform in every:
        matrix = found.setdefault(transform.name, dense(transform))
        assert (matrix == dense(transform)).all()
    assert all(name.isidentifier() for name in found)
