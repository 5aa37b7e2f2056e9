import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters.fourier.rules import rules, spectral
from exporters.fourier.values import Filtered, Known, Returned, Spectrum, pair

aten = torch.ops.aten
many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def signals(draw):
    """Return a complex tensor of up to 4 axes, and some of its axes in any order."""
    shape = draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))
    dims = draw(st.lists(st.sampled_from(range(len(shape))), min_size=1, unique=True))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return torch.from_numpy(rng.standard_normal(shape) + 1j * rng.standard_normal(shape)), dims


@many
@given(signals(), st.integers(0, 2), st.booleans())
def test_real_to_complex(same, signal, norm, half):
    x, dims = signal
    same(aten._fft_r2c.default, x.real.contiguous(), dims, norm, half)


@many
@given(signals(), st.integers(0, 2), st.booleans())
def test_complex_to_complex(same, signal, norm, forward):
    x, dims = signal
    same(aten._fft_c2c.default, x, dims, norm, forward)


@many
@given(signals(), st.integers(0, 2), st.booleans())
def test_complex_to_real_whose_first_and_middle_frequency_may_be_anything(same, signal, norm, odd):
    x, dims = signal
    length = 2 * x.shape[dims[-1]] - 1 if odd else max(2 * x.shape[dims[-1]] - 2, 1)
    same(aten._fft_c2r.default, x, dims, norm, length)


class TestFilters:
    def filtered(self, context, whole, axis=2, norm=0):
        rng = np.random.default_rng(0)
        x = torch.from_numpy(rng.standard_normal((2, 3, 8, 6)))
        size = x.shape[axis] if whole else x.shape[axis] // 2 + 1
        shape = [3, size, 1] if axis == 2 else [3, 1, size]
        value = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        spectrum = rules()["aten._fft_r2c"].apply(context, None, x, [axis], norm, not whole)
        assert isinstance(spectrum, Spectrum)
        known = Known(value, "transfer", torch.float64, context)
        made = rules()["aten.mul"].apply(context, None, spectrum, known)
        assert isinstance(made, Filtered)
        transform = torch.fft.fft if whole else torch.fft.rfft
        mode = ["backward", "ortho", "forward"][norm]
        return made, transform(x, dim=axis, norm=mode) * torch.from_numpy(value)

    @pytest.mark.parametrize("norm", [0, 1, 2])
    @pytest.mark.parametrize("axis", [2, 3])
    def test_half_a_spectrum_returns_by_a_correlation(self, context, error, axis, norm):
        made, expected = self.filtered(context, False, axis, norm)
        y = rules()["aten._fft_c2r"].apply(context, None, made, [axis], 2 - norm, made.spectrum.length)
        mode = ["backward", "ortho", "forward"][norm]
        assert error(y, torch.fft.irfft(expected, n=made.spectrum.length, dim=axis, norm=mode)) <= 1e-12
        assert [name for name, _ in context.made] == ["correlation_here"]

    def test_a_whole_spectrum_returns_its_real_part_by_a_correlation(self, context, error):
        made, expected = self.filtered(context, True)
        y = rules()["aten._fft_c2c"].apply(context, None, made, [2], 2, False)
        assert isinstance(y, Returned)
        assert error(y.real, torch.fft.ifft(expected, dim=2).real) <= 1e-12
        assert [name for name, _ in context.made] == ["correlation_here"]

    def test_whose_imaginary_part_is_transformed(self, context, error):
        made, expected = self.filtered(context, True)
        y = rules()["aten._fft_c2c"].apply(context, None, made, [2], 2, False)
        assert error(y.imag, torch.fft.ifft(expected, dim=2).imag) <= 1e-12

    @pytest.mark.parametrize(("dims", "length"), [([2], 9), ([2], 7), ([3], 8), ([3, 2], 8)])
    def test_any_other_way_back_is_a_transform(self, context, error, dims, length):
        made, expected = self.filtered(context, False)
        operator = aten._fft_c2r.default
        if dims == [2] and length == 9:  # as irfft(n=9) hands it over: with the frequencies that n needs
            assert length // 2 + 1 == expected.shape[2]
        elif dims == [2]:
            made, expected = pair(made.real[:, :, :4], made.imag[:, :, :4]), expected[:, :, :4]
        elif dims == [3]:
            length = 10
        y = rules()["aten._fft_c2r"].apply(context, operator, made, dims, 2, length)
        assert error(y, operator(expected, dims, 2, length)) <= 1e-12
        assert "correlation_here" not in {name for name, _ in context.made}


@pytest.mark.parametrize(("norm", "scale"), [(0, 1.0), (1, 1 / 6), (2, 1 / 36)])
def test_the_scale_is_that_of_all_axes_together(norm, scale):
    assert spectral.scale_of(norm, [4, 9]) == pytest.approx(scale)
