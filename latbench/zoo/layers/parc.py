"""ParC, position-aware circular convolution (Zhang et al., arXiv:2203.03952): spatial and FFT form."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latbench.errors import BadInput

AXES = {"h": 2, "w": 3}
"""The axes by name, as places in (N, C, H, W)."""

SPATIAL, FFT = "spatial", "fft"
BILINEAR, CROP = "bilinear", "crop"


def resized(parameter: Tensor, size: int, axis: str, how: str = BILINEAR) -> Tensor:
    """Return a kernel or an embedding, (A, B, K, 1) along "h" or (A, B, 1, K) along "w", with `size` for K.

    "bilinear" interpolates with the corners aligned, "crop" keeps the first `size` entries, both as the code
    of arXiv:2203.03952 does. Nothing is done at K = `size`. BadInput for another `how`, and where a crop
    would have to make entries up.
    """
    place = AXES[axis]
    held = parameter.shape[place]
    if how not in (BILINEAR, CROP):
        raise BadInput(f"There is no resizing {how!r}; use one of: {BILINEAR}, {CROP}.")
    if held == size:
        return parameter
    if how == CROP:
        if size > held:
            raise BadInput(f"A crop cannot make {size} entries from {held}; use {BILINEAR}.")
        return parameter.narrow(place, 0, size)
    shape = (size, 1) if axis == "h" else (1, size)
    return F.interpolate(parameter, shape, mode="bilinear", align_corners=True)


def circular_spatial(x: Tensor, weight: Tensor, bias: Tensor | None, axis: str) -> Tensor:
    """Return the circular correlation of `x` (N, C, H, W) along `axis` as a convolution of x and x again.

    y[i] = bias + sum over k of weight[k] x[(i + k) mod K] (arXiv:2203.03952), where K is the length of
    the axis. `weight` is (C, 1, K, 1) depthwise, (O, C, K, 1) dense or in groups between; along "w" it
    ends in (1, K). `bias` is (O,).
    """
    place = AXES[axis]
    again = x.narrow(place, 0, x.shape[place] - 1)
    groups = x.shape[1] // weight.shape[1]
    return F.conv2d(torch.cat((x, again), place), weight, bias, groups=groups)


def circular_fft(x: Tensor, weight: Tensor, bias: Tensor | None, axis: str) -> Tensor:
    """Return the same as `circular_spatial` through the Fourier domain: irfft(rfft(x) conj(rfft(weight))).

    The conjugate makes it a correlation (Fast-ParC, Yang et al., arXiv:2210.04020); where input channels mix,
    each frequency is one matrix product.
    """
    place = AXES[axis]
    length = x.shape[place]
    signal = torch.fft.rfft(x, dim=place)
    taps = torch.fft.rfft(weight, dim=place).conj()
    groups = x.shape[1] // weight.shape[1]
    if groups == weight.shape[0]:
        product = signal * taps.transpose(0, 1)
    else:
        equation = "bgcfw,gocf->bgofw" if axis == "h" else "bgchf,gocf->bgohf"
        parts = signal.unflatten(1, (groups, -1))
        matrices = taps.squeeze(5 - place).unflatten(0, (groups, -1))
        product = torch.einsum(equation, parts, matrices).flatten(1, 2)
    y = torch.fft.irfft(product, n=length, dim=place)
    return y if bias is None else y + bias.reshape(1, -1, 1, 1)


FORMS: dict[str, Callable[[Tensor, Tensor, Tensor | None, str], Tensor]] = {
    SPATIAL: circular_spatial,
    FFT: circular_fft,
}
"""The eager forms: equal but for rounding."""


def eager_form(parc: str) -> str:
    """Return the form a module takes for a value of the option `parc`: "fft" for that, else "spatial".

    Every other value names what an export replaces the spatial form with.
    """
    return FFT if parc == FFT else SPATIAL


class ParC(nn.Module):
    """One ParC of `channels` along `axis` ("h" or "w"): embedding, circular correlation, bias.

    `length` is the size at which kernel and embedding are held; on a map of another size both are `resize`d.
    `dense` lets every output channel read every input channel. The keys are those of the authors' class.
    """

    def __init__(
        self,
        channels: int,
        length: int,
        axis: str,
        *,
        dense: bool = False,
        bias: bool = True,
        embedding: bool = True,
        form: str = SPATIAL,
        resize: str = BILINEAR,
    ) -> None:
        super().__init__()
        if axis not in AXES:
            raise BadInput(f"There is no axis {axis!r}; use one of: {', '.join(AXES)}.")
        if form not in FORMS:
            raise BadInput(f"There is no form {form!r} of ParC; use one of: {', '.join(FORMS)}.")
        self.axis, self.resize, self.correlate = axis, resize, FORMS[form]
        window = (length, 1) if axis == "h" else (1, length)
        self.pe = nn.Parameter(0.02 * torch.randn(1, channels, *window)) if embedding else None
        groups = 1 if dense else channels
        self.gcc_conv = nn.Conv2d(channels, channels, window, bias=bias, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation (N, C, H, W), shaped like `x`."""
        size = x.shape[AXES[self.axis]]
        if self.pe is not None:
            x = x + resized(self.pe, size, self.axis, self.resize)
        weight = resized(self.gcc_conv.weight, size, self.axis, self.resize)
        return self.correlate(x, weight, self.gcc_conv.bias, self.axis)


def crossed(x: Tensor, along_h: nn.Module, along_w: nn.Module) -> Tensor:
    """Return (N, C, H, W) `x`, the first C/2 channels put through `along_h`, the others through `along_w`."""
    first, second = x.chunk(2, dim=1)
    return torch.cat((along_h(first), along_w(second)), dim=1)
