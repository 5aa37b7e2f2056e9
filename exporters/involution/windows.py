"""The parts of a padded map that the taps of an involution read."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.involution.base import Involution

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder

ROWS, COLUMNS = -2, -1
"""The axes of a map, counted from the end."""


def padded(builder: "Builder", x: "ir.Value", op: Involution) -> "ir.Value":
    """Return x, (B, G, C / G, H, W), with its zeros around it."""
    top, left, bottom, right = op.pads
    if any(op.pads):
        x = builder.node("Pad", x, builder.integers([0, 0, top, left, 0, 0, bottom, right]), mode="constant")
    return builder.reshape(x, op.shape[0], op.groups, op.members, *op.padded)


def columns(builder: "Builder", x: "ir.Value", op: Involution) -> "list[ir.Value]":
    """Return, for each column of the window, (B, G, C / G, H padded, W'): the column that each pixel reads."""
    return _along(builder, x, op, COLUMNS)


def rows(builder: "Builder", x: "ir.Value", op: Involution) -> "list[ir.Value]":
    """Return, for each row of the window, what each pixel reads: `x`, its rows H' of the padded ones."""
    return _along(builder, x, op, ROWS)


def _along(builder: "Builder", x: "ir.Value", op: Involution, axis: int) -> "list[ir.Value]":
    size, stride, dilation = (each[axis] for each in (op.kernel, op.stride, op.dilation))
    count, rank = op.out[axis], 5
    place, held = rank + axis, op.padded[axis]
    if axis == COLUMNS and stride > 1:  # one strided copy for each remainder, then runs of memory
        remainders = {tap * dilation % stride for tap in range(size)}
        kept = {part: _sliced(builder, x, place, part, held, stride) for part in sorted(remainders)}
        starts = [divmod(tap * dilation, stride) for tap in range(size)]
        return [_sliced(builder, kept[part], place, start, start + count, 1) for start, part in starts]
    starts_plain = [tap * dilation for tap in range(size)]
    return [
        x if count == held else _sliced(builder, x, place, start, start + stride * (count - 1) + 1, stride)
        for start in starts_plain
    ]


def _sliced(builder: "Builder", x: "ir.Value", axis: int, start: int, stop: int, step: int) -> "ir.Value":
    bounds = [builder.integers(np.array([value])) for value in (start, stop, axis, step)]
    return builder.node("Slice", x, *bounds[: 3 if step == 1 else 4])
