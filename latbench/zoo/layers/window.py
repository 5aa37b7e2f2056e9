"""Windows of a map, shifted or not, as orders of its tokens: cutting, rolling and padding in one gather.

Everything that attends within windows, and everything that works on single tokens, can be computed in any
order of the tokens; so a network may keep them in the order of its windows and move them only where windows
change (Swin, Liu et al., arXiv:2103.14030, cuts and joins them around each attention).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

Places = np.ndarray[Any, np.dtype[np.int64]]
"""For each place of the result, which token stands there; one past the last token means zeros."""

APART = -100.0
"""What is added to the scores of tokens that a shifted window holds but the map does not join."""


@dataclass(frozen=True, eq=False)
class Windows:
    """How the tokens of a map stand in its windows of `side` x `side`.

    `order` gives the row-by-row number of the token at each place, window by window, and the number of tokens
    where a window reaches over the edge; `apart` (windows, side^2, side^2) is added to the scores, or None.
    """

    side: int
    order: Places
    apart: np.ndarray | None

    @property
    def count(self) -> int:
        """The number of windows."""
        return len(self.order) // self.side**2


@cache
def windows(height: int, width: int, side: int, shift: int) -> Windows:
    """Return the windows of a map of `height` x `width`, rolled by `shift` towards its upper left corner.

    A map no larger than a window is one window and is not rolled; edges are filled up at the right and below,
    before the roll, as in the authors' code for detection.
    """
    if min(height, width) <= side:
        side, shift = min(height, width), 0
    tokens = np.arange(height * width).reshape(height, width)
    edge = ((0, -height % side), (0, -width % side))
    tokens = np.pad(tokens, edge, constant_values=height * width)
    order = _cut(np.roll(tokens, (-shift, -shift), (0, 1)), side)
    return Windows(side, order.ravel(), _apart(tokens.shape, side, shift) if shift else None)


def _cut(plane: np.ndarray, side: int) -> np.ndarray:
    """Return (windows, side^2), the windows of a (height, width) plane."""
    height, width = plane.shape
    cut = plane.reshape(height // side, side, width // side, side).swapaxes(1, 2)
    return cut.reshape(-1, side * side)


def _apart(shape: tuple[int, ...], side: int, shift: int) -> np.ndarray:
    """Return (windows, side^2, side^2): APART between tokens that the roll brought from opposite edges."""
    lines = [np.digitize(np.arange(length), (length - side, length - shift)) for length in shape]
    region = _cut(3 * lines[0][:, None] + lines[1][None, :], side)
    return np.where(region[:, :, None] == region[:, None, :], 0.0, APART).astype(np.float32)


@cache
def kept_order(height: int, width: int, side: int) -> Places:
    """Return the order to keep the tokens in between attentions: that of the windows, where these fit."""
    order = windows(height, width, side, 0).order
    return order if len(order) == height * width else np.arange(height * width)


def inverse(order: Places) -> Places:
    """Return, for each token, its place in `order`, a permutation."""
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    return places


def moved(x: Tensor, places: Places) -> Tensor:
    """Return tokens (N, len(places), C): at each place the token of `x` (N, L, C) that `places` names."""
    length = x.shape[1]
    if np.array_equal(places, np.arange(length)):
        return x
    if places.max() == length:
        x = F.pad(x, (0, 0, 0, 1))
    return x.index_select(1, torch.from_numpy(places).to(x.device))


@cache
def entering(height: int, width: int, side: int, shift: int) -> Places:
    """Return the places that bring tokens from the kept order into the windows."""
    kept = kept_order(height, width, side)
    after = np.append(inverse(kept), len(kept))
    return after[windows(height, width, side, shift).order]


@cache
def leaving(height: int, width: int, side: int, shift: int) -> Places:
    """Return the places that bring tokens from the windows back into the kept order."""
    entered = entering(height, width, side, shift)
    places = np.flatnonzero(entered < height * width)
    back = np.empty(height * width, np.int64)
    back[entered[places]] = places
    return back


@cache
def merging(height: int, width: int, side: int) -> Places:
    """Return the places that group tokens in the kept order by four, in the kept order of half the map.

    Each group is a patch of 2 x 2, column by column, filled up with zeros beyond an odd edge.
    """
    kept = inverse(kept_order(height, width, side)).reshape(height, width)
    kept = np.pad(kept, ((0, height % 2), (0, width % 2)), constant_values=height * width)
    rows, columns = -(-height // 2), -(-width // 2)
    groups = kept.reshape(rows, 2, columns, 2).transpose(0, 2, 3, 1).reshape(-1, 4)
    return groups[kept_order(rows, columns, side)].ravel()


@cache
def relative(window: int, side: int) -> Places:
    """Return, for each pair of tokens in a window of `side`, the row of its bias in a table for `window`."""
    rows, columns = (axis.ravel() for axis in np.indices((side, side)))
    down, right = (axis[:, None] - axis[None, :] + window - 1 for axis in (rows, columns))
    return (down * (2 * window - 1) + right).ravel()
