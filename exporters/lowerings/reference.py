"""The circular correlation by its definition, in float64."""

import numpy as np

from exporters.lowerings.base import AXES, Circular


def circulant(weight: np.ndarray) -> np.ndarray:
    """Return the matrices M with y = M x: M[..., i, j] = weight[..., (j - i) mod N]; one axis more."""
    length = weight.shape[-1]
    place = np.arange(length)
    return weight[..., (place[None, :] - place[:, None]) % length]


def correlate(op: Circular, x: np.ndarray) -> np.ndarray:
    """Return y, (B, O, H, W), of x, (B, C, H, W), in float64."""
    matrices = circulant(np.asarray(op.weight, np.float64))
    along = np.moveaxis(np.asarray(x, np.float64), AXES[op.axis], -1)
    equation = "ocij,bcmj->bomi" if op.dense else "cij,bcmj->bcmi"
    y = np.einsum(equation, matrices, along, optimize=True)
    if op.shift is not None:
        y = y + op.shift[None, :, None, :]
    return np.moveaxis(y, -1, AXES[op.axis])
