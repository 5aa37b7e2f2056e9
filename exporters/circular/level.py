"""Matrices whose diagonals are level (Toeplitz), circulants first of all: the taps, and where each goes."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Level:
    """An array as its taps, (A, T) or (A, B, T), taken at `places`, (R, S), a whole number of int32 each.

    (A, T) gives A matrices; (A, B, T) a matrix of A by B blocks. `around` is whether the matrices are
    circulant, so that T = R = S, and not R + S - 1.
    """

    taps: np.ndarray
    places: np.ndarray
    around: bool


def level(array: np.ndarray, group: int) -> Level | None:
    """Return `array` as taps and places, None where its diagonals are not level.

    `group` is that of the Conv whose weight (O, C / group, 1, 1) it is, 0 for an operand of a MatMul: a stack
    of matrices, or one matrix of blocks, whose size is then found.
    """
    if array.ndim == 4 and group > 0 and array.shape[2:] == (1, 1):
        array = array[:, :, 0, 0]
        if group > 1:
            array = array.reshape(group, -1, array.shape[1])
    elif group > 0:
        return None
    if array.ndim == 2:
        return _blocks(array)
    if array.ndim < 2 or not _is_level(array):
        return None
    return _taken(array.reshape(-1, *array.shape[-2:]))


def _blocks(array: np.ndarray) -> Level | None:
    """Return a matrix made of square blocks with level diagonals, the largest there are; None of 1x1."""
    rows, columns = array.shape
    for size in range(min(rows, columns), 1, -1):
        if rows % size or columns % size or not _is_level(array[:size, :size]):
            continue
        blocks = array.reshape(rows // size, size, columns // size, size).transpose(0, 2, 1, 3)
        if _is_level(blocks):
            return _taken(blocks)
    return None


def _is_level(array: np.ndarray) -> bool:
    return bool((array[..., 1:, 1:] == array[..., :-1, :-1]).all())


def _taken(matrices: np.ndarray) -> Level:
    rows, columns = matrices.shape[-2:]
    taps = np.concatenate((matrices[..., :0:-1, 0], matrices[..., 0, :]), -1)
    places = np.arange(columns)[None] - np.arange(rows)[:, None] + rows - 1
    around = rows == columns and bool((taps[..., : rows - 1] == taps[..., rows:]).all())
    if around:
        taps, places = taps[..., rows - 1 :], (places - rows + 1) % rows
    return Level(np.ascontiguousarray(taps), places.astype(np.int32), around)
