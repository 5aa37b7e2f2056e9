"""One Fourier transform along one axis of a tensor given by its parts."""

import math
from typing import TYPE_CHECKING

import numpy as np

from exporters.fourier.matrices import Transform, dense, factors, stages, weights
from exporters.fourier.values import Context

if TYPE_CHECKING:
    import torch


def apply(
    context: Context, transform: Transform, re: "torch.Tensor", im: "torch.Tensor | None", axis: int
) -> "tuple[torch.Tensor, torch.Tensor | None]":
    """Return the parts of the transform along `axis`: (real, imaginary), the second None where `real_out`.

    Along the last axis a product is x @ W, along any other W @ x with the axes after it taken as one: nothing
    is transposed but the result of a long transform, once.
    """
    parts = [re] if im is None else [re, im]
    split = factors(transform)
    one = (
        _dense(context, transform, parts, axis)
        if split is None
        else _split(context, transform, parts, axis, split)
    )
    return one[0], one[1] if len(one) == 2 else None


def _dense(
    context: Context, transform: Transform, parts: "list[torch.Tensor]", axis: int
) -> "tuple[torch.Tensor, ...]":
    import torch

    last = axis == parts[0].ndim - 1
    x = parts[0] if len(parts) == 1 else torch.cat(parts, axis)
    matrix = context.constant(
        f"{transform.name}_last" if last else transform.name,
        x.dtype,
        lambda: np.ascontiguousarray(dense(transform).T) if last else dense(transform),
    )
    if last:
        y = torch.matmul(x, matrix)
    elif axis == x.ndim - 2:
        y = torch.matmul(matrix, x)
    else:
        before, after = _around(x.shape, axis)
        y = torch.matmul(matrix, x.reshape(before, -1, after))
        y = y.reshape(*x.shape[:axis], -1, *x.shape[axis + 1 :])
    return (y,) if transform.real_out else torch.split(y, transform.outputs, axis)


def _split(
    context: Context,
    transform: Transform,
    parts: "list[torch.Tensor]",
    axis: int,
    split: tuple[int, int],
) -> "tuple[torch.Tensor, ...]":
    """Return the transform as two products with one change of order at the end; see `matrices.stages`."""
    import torch

    (n1, n2), shape = split, parts[0].shape
    dtype, (before, after) = parts[0].dtype, _around(shape, axis)
    rows = math.ceil(transform.inputs / n2)
    x = torch.stack([part.reshape(before, transform.inputs, after) for part in parts], 1)
    if transform.hermitian:
        x = x * context.constant(f"{transform.name}_weights", dtype, lambda: _masked(transform))
    if rows * n2 > transform.inputs:
        x = torch.nn.functional.pad(x, (0, 0, 0, rows * n2 - transform.inputs))
    first = context.constant(f"{transform.name}_first", dtype, lambda: stages(transform, n1)[0])
    second = context.constant(f"{transform.name}_second", dtype, lambda: stages(transform, n1)[1])
    y = torch.matmul(first, x.reshape(before, len(parts) * rows, n2 * after))
    made, columns = 1 if transform.real_out else 2, math.ceil(transform.outputs / n1)
    if after == 1:  # as columns of a product, not as one product of a matrix and a vector each
        y = torch.matmul(second, y.reshape(before, n1, 2 * n2).permute(1, 2, 0))
        y = y.reshape(n1, made, columns, before).permute(3, 1, 2, 0)
    else:
        y = torch.matmul(second, y.reshape(before, n1, 2 * n2, after))
        y = y.reshape(before, n1, made, columns, after).permute(0, 2, 3, 1, 4)
    y = y.reshape(before, made, columns * n1, after)[:, :, : transform.outputs]
    whole = (*shape[:axis], transform.outputs, *shape[axis + 1 :])
    return tuple(y[:, part].reshape(whole) for part in range(made))


def _masked(transform: Transform) -> np.ndarray:
    """Return the weights of the real and the imaginary parts, (1, 2, inputs, 1).

    By its symmetry the spectrum has no imaginary part at 0 and at half the length: what is there is ignored.
    """
    a = weights(transform)
    return np.stack([a, np.where(a == 1, 0.0, a)])[None, :, :, None]


def _around(shape: "torch.Size", axis: int) -> tuple[int, int]:
    return math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
