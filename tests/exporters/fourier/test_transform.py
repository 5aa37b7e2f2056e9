import pytest
import torch

from exporters.fourier.matrices import backward, forward, to_real
from exporters.fourier.transform import apply

SHAPES = [((2, 3), 2), ((2, 3), 1), ((2, 3), 0), ((), 0)]
LIMITS = {torch.float64: 1e-13, torch.float32: 1e-6}


def shaped(place, size):
    others, axis = place
    return (*others[:axis], size, *others[axis:])


@pytest.fixture
def off(context, error):
    """Return a function: how far a transform in a type is from torch's in float64, over the limit."""

    def of(transform, z, axis, expected, dtype):
        given = (z.real.to(dtype), z.imag.to(dtype) if z.is_complex() else None)
        re, im = apply(context, transform, *given, axis)
        parts = [part.double().contiguous() for part in (re, im) if part is not None]
        found = torch.complex(*parts) if len(parts) == 2 else parts[0]
        assert re.dtype == dtype
        return error(found, expected) / LIMITS[dtype]

    return of


@pytest.mark.parametrize("dtype", LIMITS, ids=str)
@pytest.mark.parametrize("length", [6, 7, 257, 258, 300, 448])
@pytest.mark.parametrize("place", SHAPES, ids=str)
class TestAgainstTorch:
    def test_real_in(self, off, noise, place, length, dtype):
        x, axis = noise(*shaped(place, length)), place[1]
        for half, expected in ((True, torch.fft.rfft), (False, torch.fft.fft)):
            transform = forward(length, real_in=True, half=half, scale=1.0)
            assert off(transform, x, axis, expected(x, dim=axis), dtype) <= 1

    def test_complex_both_ways(self, off, noise, place, length, dtype):
        z, axis = noise(*shaped(place, length), imaginary=True), place[1]
        there = forward(length, real_in=False, half=False, scale=1.0)
        assert off(there, z, axis, torch.fft.fft(z, dim=axis), dtype) <= 1
        back = backward(length, scale=1 / length)
        assert off(back, z, axis, torch.fft.ifft(z, dim=axis), dtype) <= 1

    def test_real_out(self, off, noise, place, length, dtype):
        z, axis = noise(*shaped(place, length // 2 + 1), imaginary=True), place[1]
        transform = to_real(length, scale=1 / length)
        assert off(transform, z, axis, torch.fft.irfft(z, n=length, dim=axis), dtype) <= 1


def test_a_long_signal_keeps_its_accuracy_and_takes_small_constants(context, off, noise):
    x = noise(4, 4096)
    transform = forward(4096, real_in=True, half=True, scale=1.0)
    assert off(transform, x, 1, torch.fft.rfft(x), torch.float32) <= 1
    assert sum(value.numel() for value in context.made.values()) < 1e6


def test_the_same_transform_twice_shares_its_constants(context, noise):
    transform = forward(8, real_in=True, half=True, scale=1.0)
    for shape in ((2, 8), (3, 4, 8)):
        apply(context, transform, noise(*shape), None, len(shape) - 1)
    assert len(context.made) == 1
