"""The discrete Fourier transforms themselves."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from exporters.fourier import matrices
from exporters.fourier.circular import correlate
from exporters.fourier.rules.base import Apply, Rule, promoted
from exporters.fourier.transform import apply
from exporters.fourier.values import Complex, Context, Filtered, Parts, Returned, Spectrum, pair

if TYPE_CHECKING:
    import torch

UNSCALED, BY_ROOT, BY_LENGTH = 0, 1, 2
"""How torch's own operators write the norm of a transform."""


def scale_of(norm: int, lengths: Sequence[int]) -> float:
    """Return the factor of a transform over axes of these lengths."""
    count = math.prod(lengths)
    return {UNSCALED: 1.0, BY_ROOT: 1 / math.sqrt(count), BY_LENGTH: 1 / count}[norm]


def _real_to_complex(
    context: Context, _: Apply, x: "torch.Tensor", dims: list[int], norm: int, half: bool
) -> Complex:
    scale = scale_of(norm, [x.shape[axis] for axis in dims])
    *others, last = dims

    def make() -> Parts:
        transform = matrices.forward(x.shape[last], real_in=True, half=half, scale=scale)
        return _whole(context, _parts(apply(context, transform, x, None, last)), others, inverse=False)

    if not others:
        return Spectrum(x, last % x.ndim, scale, not half, make)
    return pair(*make())


def _complex_to_complex(
    context: Context, _: Apply, z: Complex, dims: list[int], norm: int, is_forward: bool
) -> Complex:
    scale = scale_of(norm, [z.shape[axis] for axis in dims])

    def make() -> Parts:
        return _whole(context, z.parts, dims, inverse=not is_forward, scale=scale)

    if (
        isinstance(z, Filtered)
        and z.spectrum.whole
        and not is_forward
        and [axis % len(z.shape) for axis in dims] == [z.spectrum.axis]
    ):
        spectrum, transfer = z.spectrum, z.transfer
        return Returned(z.shape, lambda: correlate(context, spectrum, transfer, scale), make)
    return pair(*make())


def _complex_to_real(
    context: Context, _: Apply, z: Any, dims: list[int], norm: int, length: int
) -> "torch.Tensor":
    *others, last = dims
    lengths = [z.shape[axis] for axis in others]
    scale = scale_of(norm, [*lengths, length])
    if (
        isinstance(z, Filtered)
        and not z.spectrum.whole
        and not others
        and last % len(z.shape) == z.spectrum.axis
        and length == z.spectrum.length
    ):
        return correlate(context, z.spectrum, z.transfer, scale)
    re, im = _whole(context, promoted(z), others, inverse=True)
    return apply(context, matrices.to_real(length, scale=scale), re, im, last)[0]


def _whole(context: Context, z: Parts, dims: list[int], *, inverse: bool, scale: float = 1.0) -> Parts:
    """Return the complex transforms along `dims`, one after the other; the first carries the scale."""
    for axis in dims:
        length = z[0].shape[axis]
        transform = (
            matrices.backward(length, scale=scale)
            if inverse
            else matrices.forward(length, real_in=False, half=False, scale=scale)
        )
        z, scale = _parts(apply(context, transform, *z, axis)), 1.0
    return z


def _parts(made: "tuple[torch.Tensor, torch.Tensor | None]") -> Parts:
    re, im = made
    assert im is not None
    return re, im


RULES = (
    Rule("aten._fft_r2c", _real_to_complex),
    Rule("aten._fft_c2c", _complex_to_complex),
    Rule("aten._fft_c2r", _complex_to_real),
)
