"""One matrix product for a few pixels of a row: their windows overlap, so half of the matrix is weights."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.involution.base import Involution, Lowering
from exporters.involution.kernels import ZERO

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder

WIDEST = 8
"""The most pixels of a tile: with more, most of its matrix is zeros; with fewer, products are too small."""

LARGEST = 200_000
"""The most values of windows that are copied out at once: with their matrices they stay in a cache."""


def build(builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution) -> "ir.Value":
    """Return MatMul of matrices (B, G, H', tiles, a, K L) with windows (B, G, H', tiles, K L, C / G).

    The groups are multiplied in chunks, one after the other.
    """
    batch, groups, members, high, wide = op.grouped
    tiles, width = tiling(op)
    values = op.shape[1] * high * tiles * places(op)
    columns, some = _columns(builder, x, op), groups // op.chunks(values, LARGEST)
    parts = builder.split(columns, [some] * (groups // some), 1) if some < groups else [columns]
    made = []
    for number, part in enumerate(parts):
        windows = builder.node("Gather", part, builder.integers(_rows(op).ravel()), axis=2)
        windows = builder.reshape(windows, batch, some, high, tiles, places(op), members)
        chosen = range(number * some, (number + 1) * some)
        made.append(builder.node("MatMul", _matrices(builder, kernels, op, chosen), windows))
    whole = made[0] if len(made) == 1 else builder.node("Concat", *made, axis=1)
    whole = builder.reshape(whole, batch * groups, high * tiles * width, members)
    whole = builder.reshape(builder.transpose(whole, 0, 2, 1), *op.shape[:2], high, tiles * width)
    crop = [builder.integers(each) for each in ([0], [wide], [3])]
    return whole if tiles * width == wide else builder.node("Slice", whole, *crop)


def tiling(op: Involution) -> tuple[int, int]:
    """Return how many tiles a row of y makes, and their width: the same for all, `WIDEST` at most."""
    tiles = -(-op.out[1] // WIDEST)
    return tiles, -(-op.out[1] // tiles)


def span(op: Involution) -> int:
    """Return L: how many columns of x the windows of a tile cover."""
    return op.stride[1] * (tiling(op)[1] - 1) + op.dilation[1] * (op.kernel[1] - 1) + 1


def places(op: Involution) -> int:
    """Return K L: how many places of x the windows of a tile cover."""
    return op.kernel[0] * span(op)


def order(op: Involution) -> np.ndarray:
    """Return the tap that the first pixel of a tile has for each of `places`, and a stride of `ZERO` more.

    Of pixels that are a stride apart each has the row of the one before, moved on by a stride. Rows that are
    a stride too long do that by themselves: read without a gap as rows of K L, each begins where it should,
    and what it has of its neighbours are zeros.
    """
    found = np.full((op.kernel[0], span(op)), ZERO)
    found[:, : op.dilation[1] * op.kernel[1] : op.dilation[1]] = np.arange(op.taps).reshape(op.kernel)
    return np.append(found.ravel(), np.full(op.stride[1], ZERO))


def _matrices(builder: "Builder", kernels: "Kernels", op: Involution, groups: range) -> "ir.Value":
    """Return (B, len(groups), H', tiles, a, K L): of each tile, what its pixels take from each place."""
    (tiles, width), taken = tiling(op), order(op)
    shape = (op.shape[0], len(groups), op.out[0], tiles)
    made = kernels.by_pixel(builder, groups, taken, tiles * width)
    made = builder.reshape(made, *shape, width * len(taken))
    end = builder.integers([width * places(op)])
    made = builder.node("Slice", made, builder.integers([0]), end, builder.integers([4]))
    return builder.reshape(made, *shape, width, places(op))


def _columns(builder: "Builder", x: "ir.Value", op: Involution) -> "ir.Value":
    """Return (B, G, tiles times H padded, L C / G): the columns that each tile reads, channels last."""
    batch, _, tall, broad = op.shape
    (tiles, width), reach, members = tiling(op), span(op), op.members
    step, (top, left, bottom, _) = width * op.stride[1], op.pads
    x = builder.reshape(x, batch * op.groups, members, tall * broad)
    x = builder.reshape(builder.transpose(x, 0, 2, 1), batch, op.groups, tall, broad * members)
    right = max(0, step * (tiles - 1) + reach - left - broad)
    pads = [0, 0, top, left * members, 0, 0, bottom, right * members]
    x = builder.node("Pad", x, builder.integers(pads), mode="constant") if any(pads) else x
    parts = []
    for first in range(0, tiles * step, step):
        bounds = (builder.integers([place * members]) for place in (first, first + reach))
        parts.append(builder.node("Slice", x, *bounds, builder.integers([3])))
    return parts[0] if tiles == 1 else builder.node("Concat", *parts, axis=2)


def _rows(op: Involution) -> np.ndarray:
    """Return (H', tiles, K): which of the rows of `_columns` the windows of each tile are."""
    first, tap = op.stride[0] * np.arange(op.out[0]), op.dilation[0] * np.arange(op.kernel[0])
    return (first[:, None] + tap)[:, None] + op.padded[0] * np.arange(tiling(op)[0])[:, None]


LOWERING = Lowering(
    name="tiled",
    mathematics="Y_s = M_s X_s for each tile s of a pixels in a row: X_s is the K by L places that their "
    "windows cover, channels last; row j of M_s holds the weights of pixel j, moved on by j strides, else 0",
    build=build,
    work=lambda op: op.shape[0] * op.shape[1] * op.out[0] * tiling(op)[0] * tiling(op)[1] * places(op),
)
