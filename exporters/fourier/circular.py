"""A filter along one axis of a real signal is a circular correlation, and is written as one."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.fourier.values import Context, Spectrum

if TYPE_CHECKING:
    import torch

LONGEST = 512
"""The longest axis that is written as a correlation: beyond it the transforms, as two products each, cost
less than a correlation, whose work or constants grow with the square of the length."""
CHANNEL = 1


def transfer_of(spectrum: Spectrum, factor: np.ndarray) -> np.ndarray | None:
    """Return `factor` at the rank of `spectrum`, of size 1 but along its axis and the channels; or None.

    None where a product by it is no correlation of (N, C, L) or (N, C, H, W) along one axis, channel by
    channel, or where the axis is too long.
    """
    rank = len(spectrum.shape)
    if rank not in (3, 4) or spectrum.axis <= CHANNEL or factor.ndim > rank or spectrum.length > LONGEST:
        return None
    factor = factor.reshape((1,) * (rank - factor.ndim) + factor.shape)
    if any(have not in (1, want) for have, want in zip(factor.shape, spectrum.shape, strict=True)):
        return None
    for axis in set(range(rank)) - {CHANNEL, spectrum.axis}:
        one = factor.take([0], axis)
        if not (factor == one).all():
            return None
        factor = one
    return factor


def kernel(spectrum: Spectrum, transfer: np.ndarray, scale: float) -> np.ndarray:
    """Return w, (C or 1, N), with y[i] = sum over k of w[k] x[(i + k) mod N], in float64.

    y is the real part of what the filtered spectrum is transformed back to, `scale` being that of the
    transform back.
    """
    n = spectrum.length
    transfer = np.broadcast_to(
        transfer,
        [spectrum.shape[at] if at == spectrum.axis else size for at, size in enumerate(transfer.shape)],
    )
    rows = np.moveaxis(transfer, (CHANNEL, spectrum.axis), (-2, -1)).reshape(transfer.shape[CHANNEL], -1)
    response = np.fft.ifft(rows).real if spectrum.whole else np.fft.irfft(rows, n=n)
    return spectrum.scale * scale * n * response[:, -np.arange(n) % n]


def correlate(context: Context, spectrum: Spectrum, transfer: np.ndarray, scale: float) -> "torch.Tensor":
    """Return the filtered signal in the shape of x: joined to its beginning, then a depthwise convolution."""
    import torch

    x, n = spectrum.x, spectrum.length
    flat = x.ndim == 3
    image, axis = (x.unsqueeze(2), 3) if flat else (x, spectrum.axis)
    channels = x.shape[CHANNEL]
    place = (1, n) if axis == 3 else (n, 1)

    def taps() -> np.ndarray:
        return np.broadcast_to(kernel(spectrum, transfer, scale), (channels, n)).reshape(channels, 1, *place)

    weight = context.constant(f"correlation_{context.here}", x.dtype, taps)
    joined = torch.cat([image, image.narrow(axis, 0, n - 1)], axis) if n > 1 else image
    y = torch.nn.functional.conv2d(joined, weight, groups=channels)
    return y.squeeze(2) if flat else y
