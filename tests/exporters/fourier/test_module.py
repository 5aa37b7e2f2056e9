import numpy as np
import onnx
import onnxruntime
import openvino
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import fft, nn

import exporters
from exporters.errors import ExportError
from exporters.fourier.module import real_module
from exporters.parity import compare

CLOSE = 1e-5


def reals(*tensors):
    return tuple(
        torch.view_as_real(value.resolve_conj()) if value.is_complex() else value for value in tensors
    )


@st.composite
def transforms(draw):
    """Return a shape, an axis, two further axes, a length that pads or crops, and a norm."""
    shape = tuple(draw(st.lists(st.integers(2, 9), min_size=3, max_size=4)))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    two = tuple(draw(st.permutations(range(len(shape))))[:2])
    return (
        shape,
        axis,
        two,
        draw(st.integers(1, 12)),
        draw(st.sampled_from([None, "ortho", "forward", "backward"])),
    )


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(transforms())
def test_every_transform_at_any_length_axis_and_norm(real, noise, drawn):
    check_every_transform(real, noise, drawn)


def test_every_transform(real, noise):
    check_every_transform(real, noise, ((3, 6, 5), -2, (0, 2), 7, "ortho"))


def check_every_transform(real, noise, drawn):
    shape, axis, two, n, norm = drawn
    one = {"n": n, "dim": axis, "norm": norm}
    both = {"s": (n, 5), "dim": two, "norm": norm}

    def every(_, x):
        z, w = fft.fft(x, dim=axis), fft.rfft2(x, dim=two)
        return reals(
            fft.rfft(x, **one),
            fft.irfft(z, **one),
            fft.fft(z, **one),
            fft.ifft(z, **one),
            fft.hfft(z, **one),
            fft.ihfft(x, **one),
            fft.rfft2(x, **both),
            fft.irfft2(w, **both),
            fft.fft2(x, **both),
            fft.ifft2(w, **both),
            fft.rfftn(x, norm=norm),
            fft.irfftn(w, **both),
            fft.fftn(x, norm=norm),
            fft.ifftn(w, **both),
            fft.irfft(fft.rfft(x, dim=axis, norm=norm), n=x.shape[axis], dim=axis, norm=norm),
        )

    real(every, noise(*shape))


def test_complex_values_the_way_people_write_them(real, noise):
    def every(held, x):
        z = fft.rfft(x)
        filled = torch.zeros(2, 3, 8, 5, dtype=z.dtype)
        filled[:, 1] = z[:, 0]
        filled[..., 0] = 2.0
        filled[:, :, 2:4] *= 1j
        turned = torch.polar(torch.ones(4, dtype=x.dtype), torch.arange(4, dtype=x.dtype))
        window = torch.hann_window(16, dtype=x.dtype)
        return reals(
            filled,
            fft.irfft2(fft.rfft2(x).abs() * torch.exp(1j * fft.rfft2(x).angle())),
            fft.ifftshift(fft.fftshift(fft.fft2(x), dim=(-2, -1)) * 2, dim=(-2, -1)),
            torch.view_as_complex(x.reshape(2, 3, 8, 4, 2)) * turned,
            nn.functional.linear(z, held["weight"], held["bias"]),
            torch.where(x[..., :5] > 0, z, 0),
            torch.complex(z.real.relu(), z.conj().imag.relu()),
            x.to(z.dtype).mul(2).real,
            (1 - z) / (z.abs().square() + 1),
            torch.stft(x.reshape(2, -1), 16, 4, window=window, return_complex=True),
            torch.stack(z.chunk(3, 1)).sum(0).permute(0, 2, 3, 1).reshape(2, -1),
        )

    real(every, noise(2, 3, 8, 8), weight=noise(4, 5, imaginary=True), bias=noise(4, seed=1, imaginary=True))


def test_parameters_keep_their_names_and_constants_are_shared(real, noise):
    def twice(held, x):
        return fft.irfft2(fft.rfft2(fft.irfft2(fft.rfft2(x) * 2).relu()) * 2) * held["scale"]

    made = real(twice, noise(4, 4).float(), scale=noise(4, seed=1).float())
    names = list(made.state_dict())
    assert "scale" in names
    assert len([name for name in names if name.startswith("dft_")]) == 4


@pytest.mark.parametrize("axis", [2, 3])
def test_a_filter_along_one_axis_is_a_convolution(real, noise, axis):
    taps = noise(1, 3, 8, 1).float() if axis == 2 else noise(1, 3, 1, 8).float()

    def fast_parc(held, x):
        return fft.irfft(fft.rfft(x, dim=axis) * fft.rfft(held["taps"], dim=axis).conj(), n=8, dim=axis)

    made = real(fast_parc, noise(2, 3, 8, 8).float(), taps=taps)
    (weight,) = made.state_dict().values()
    assert weight.shape == ((3, 1, 8, 1) if axis == 2 else (3, 1, 1, 8))
    assert (weight.flatten() - taps.flatten()).abs().max() < 1e-6


class TestRefusals:
    class Solving(nn.Module):
        def forward(self, x):
            return torch.linalg.inv(fft.fft(x)).real

    def refused(self, module, x):
        with pytest.raises(ExportError) as caught, torch.no_grad():
            real_module(module, (x,))
        text = str(caught.value)
        assert "\n" not in text
        assert text.endswith(".")
        return text

    def test_an_operator_without_a_rule_is_named_with_its_place(self):
        text = self.refused(nn.Sequential(nn.Identity(), self.Solving()), torch.eye(4))
        assert text.startswith("Sequential cannot be exported: aten.linalg_inv")
        assert "(in 1, test_module.py, line " in text
        assert "write it with the real and imaginary parts" in text

    def test_operands_that_a_rule_does_not_take_are_told_the_same_way(self):
        class Raising(nn.Module):
            def forward(self, x):
                return torch.pow(fft.fft(x), fft.fft(x)).real

        text = self.refused(Raising(), torch.ones(4))
        assert "aten.pow on complex values (test_module.py, line " in text
        assert "fails in real operators (TypeError: " in text

    def test_a_module_that_cannot_be_traced(self):
        class Deciding(nn.Module):
            def forward(self, x):
                return fft.rfft(x).abs() if x.sum() > 0 else x

        assert "Deciding cannot be exported: " in self.refused(Deciding(), torch.ones(4))


class GlobalFilter(nn.Module):
    """A filter of channels-last tokens over both axes, as in GFNet (Rao et al., arXiv:2107.00645)."""

    def __init__(self, size=7, channels=6):
        super().__init__()
        self.size = size
        self.complex_weight = nn.Parameter(torch.randn(size, size // 2 + 1, channels, 2))

    def forward(self, x):
        batch, tokens, channels = x.shape
        x = x.view(batch, self.size, self.size, channels)
        x = fft.rfft2(x, dim=(1, 2), norm="ortho") * torch.view_as_complex(self.complex_weight)
        x = fft.irfft2(x, s=(self.size, self.size), dim=(1, 2), norm="ortho")
        return x.reshape(batch, tokens, channels)


class SpectralConvolution(nn.Module):
    """The lowest frequencies mixed over channels, the rest zero (Li et al., arXiv:2010.08895)."""

    def __init__(self, channels=3, kept=3):
        super().__init__()
        self.kept = kept
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(channels, channels, kept, kept, dtype=torch.cfloat)) for _ in range(2)
        )

    def forward(self, x):
        k, z = self.kept, fft.rfft2(x)
        y = torch.zeros(*x.shape[:-1], x.shape[-1] // 2 + 1, dtype=torch.cfloat)
        y[:, :, :k, :k] = torch.einsum("bixy,ioxy->boxy", z[:, :, :k, :k], self.weights[0])
        y[:, :, -k:, :k] = torch.einsum("bixy,ioxy->boxy", z[:, :, -k:, :k], self.weights[1])
        return fft.irfft2(y, s=x.shape[-2:])


class LongConvolution(nn.Module):
    """A causal convolution as long as the signal, padded with zeros to twice its length."""

    def __init__(self, channels=3, length=20):
        super().__init__()
        self.taps = nn.Parameter(torch.randn(channels, length))

    def forward(self, x):
        n = x.shape[-1]
        return fft.irfft(fft.rfft(x, n=2 * n) * fft.rfft(self.taps, n=2 * n), n=2 * n)[..., :n]


class FastParC(nn.Module):
    """A position-aware circular correlation along the height of 1x1 convolutions (arXiv:2210.04020)."""

    def __init__(self, channels=8, length=14):
        super().__init__()
        self.before, self.after = nn.Conv2d(channels, channels, 1), nn.Conv2d(channels, channels, 1)
        self.taps = nn.Parameter(torch.randn(channels, 1, length, 1))
        self.embedding = nn.Parameter(torch.randn(1, channels, length, 1))
        self.bias = nn.Parameter(torch.randn(channels))

    def forward(self, x):
        z = fft.rfft(self.before(x) + self.embedding, dim=2)
        factor = torch.conj(fft.rfft(self.taps.transpose(0, 1), dim=2))
        y = fft.irfft(z * factor, n=x.shape[2], dim=2)
        return self.after(y + self.bias.view(1, -1, 1, 1))


class FourierMixer(nn.Module):
    """A block-diagonal complex layer on the spectrum, soft-thresholded (AFNO, arXiv:2111.13587)."""

    def __init__(self, channels=8, blocks=2):
        super().__init__()
        self.blocks, width = blocks, channels // blocks
        self.weight = nn.Parameter(0.1 * torch.randn(2, blocks, width, width))
        self.bias = nn.Parameter(0.1 * torch.randn(2, blocks, width))

    def forward(self, x):
        batch, height, width, channels = x.shape
        with torch.autocast("cpu", enabled=False):
            z = fft.rfft2(x, dim=(1, 2), norm="ortho").reshape(batch, height, width // 2 + 1, self.blocks, -1)
        mixed = [
            torch.einsum("...bi,bio->...bo", part, weight)
            for part in (z.real, z.imag)
            for weight in self.weight
        ]
        re = torch.relu(mixed[0] - mixed[3] + self.bias[0])
        im = torch.relu(mixed[1] + mixed[2] + self.bias[1])
        z = torch.view_as_complex(nn.functional.softshrink(torch.stack([re, im], dim=-1), 0.01))
        z = z.reshape(batch, height, width // 2 + 1, channels)
        return x + fft.irfft2(z, s=(height, width), dim=(1, 2), norm="ortho")


NETWORKS = {
    "global filter": (GlobalFilter, (2, 49, 6)),
    "spectral convolution": (SpectralConvolution, (1, 3, 10, 9)),
    "long convolution": (LongConvolution, (2, 3, 20)),
    "fast parc": (FastParC, (1, 8, 14, 10)),
    "fourier mixer": (FourierMixer, (1, 6, 6, 8)),
}
FEW = ("spectral convolution", "fast parc", "fourier mixer")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in NETWORKS]
)
def test_networks_run_on_plain_real_operators(name, tmp_path):
    kind, shape = NETWORKS[name]
    torch.manual_seed(0)
    module, x = kind().eval(), torch.randn(shape)
    artifact = exporters.export(module, (x,), name="network", output=tmp_path)
    types = {node.op_type for node in onnx.load(artifact.path).graph.node}
    assert not types & {"DFT", "STFT"}
    fed = {value["name"]: x.numpy() for value in artifact.manifest["inputs"]}
    session = onnxruntime.InferenceSession(artifact.path, providers=["CPUExecutionProvider"])
    exact = {"core": "CPU", "config": {"INFERENCE_PRECISION_HINT": "f32"}}
    compiled = openvino.Core().compile_model(str(artifact.path), exact["core"], exact["config"])
    with np.load(artifact.reference) as arrays:
        expected = next(arrays[key] for key in arrays if key.startswith("output:"))
    for found in (session.run(None, fed)[0], compiled(x.numpy())[0]):
        assert compare({"y": found}, {"y": expected}).max_rel <= CLOSE


def test_the_file_of_a_filter_holds_no_transform(tmp_path):
    torch.manual_seed(0)
    artifact = exporters.export(FastParC().eval(), (torch.randn(1, 8, 14, 10),), name="parc", output=tmp_path)
    assert artifact.manifest["nodes"]["captured"] == {"Add": 2, "Concat": 1, "Conv": 3, "Slice": 1}
