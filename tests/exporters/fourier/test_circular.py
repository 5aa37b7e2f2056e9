import numpy as np
import pytest
import torch

from exporters.fourier.circular import LONGEST, correlate, kernel, transfer_of
from exporters.fourier.values import Spectrum


def spectrum(shape, axis, whole=False, scale=1.0):
    x = torch.from_numpy(np.random.default_rng(0).standard_normal(shape))
    return Spectrum(x, axis, scale, whole, None)


PLACES = [((2, 3, 8, 5), 2), ((2, 3, 8, 5), 3), ((2, 3, 7), 2), ((1, 2, 1), 2)]


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("whole", [False, True])
def test_the_correlation_is_the_filter(context, error, place, whole):
    (shape, axis), shared = place, len(place[0]) == 3
    given = spectrum(shape, axis, whole)
    rng = np.random.default_rng(1)
    sizes = [1] * len(shape)
    sizes[axis] = given.shape[axis]
    sizes[1] = 1 if shared else shape[1]
    transfer = rng.standard_normal(sizes) + 1j * rng.standard_normal(sizes)
    found = correlate(context, given, transfer_of(given, transfer), 1 / shape[axis])
    n, factor = shape[axis], torch.from_numpy(transfer)
    expected = (
        torch.fft.ifft(torch.fft.fft(given.x, dim=axis) * factor, dim=axis).real
        if whole
        else torch.fft.irfft(torch.fft.rfft(given.x, dim=axis) * factor, n=n, dim=axis)
    )
    assert error(found, expected) <= 1e-12


def test_the_kernel_of_a_conjugated_spectrum_is_the_kernel_itself():
    taps = np.random.default_rng(0).standard_normal((3, 8))
    given = spectrum((1, 3, 8, 5), 2)
    transfer = np.conj(np.fft.rfft(taps))[None, :, :, None]
    assert np.abs(kernel(given, transfer, 1 / 8) - taps).max() < 1e-13


def test_a_factor_spread_over_other_axes_is_taken_where_it_does_not_vary():
    given = spectrum((2, 3, 8, 6), 2)
    factor = np.random.default_rng(0).standard_normal((3, 5, 1))
    made = transfer_of(given, np.broadcast_to(factor, (3, 5, 6)))
    assert made.shape == (1, 3, 5, 1)
    assert (made[0] == factor).all()
    varied = np.broadcast_to(factor, (3, 5, 6)).copy()
    varied[0, 0, 3] += 1e-3
    assert transfer_of(given, varied) is None


@pytest.mark.parametrize(
    ("shape", "axis", "factor"),
    [
        ((4, 8), 1, (5,)),  # without channels
        ((2, 8, 6), 1, (5, 6)),  # along the second axis, as in channels-last tokens
        ((2, 3, 4, 5, 6), 4, (4,)),
        ((1, 3, 8, 5), 2, (2, 3, 5, 1)),  # makes two of one
        ((1, 1, LONGEST + 2), 2, (LONGEST // 2 + 2,)),
    ],
)
def test_what_is_no_such_correlation(shape, axis, factor):
    assert transfer_of(spectrum(shape, axis), np.ones(factor)) is None
