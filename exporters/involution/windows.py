"""The parts of a padded map that the taps of an involution read."""

from typing import TYPE_CHECKING

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
    """Return, for each column of the window, (B, G, C / G, H padded, W'): what each pixel reads there."""
    return _along(builder, x, op, COLUMNS)


def rows(builder: "Builder", x: "ir.Value", op: Involution) -> "list[ir.Value]":
    """Return, for each row of the window, what each pixel reads: `x`, its rows H' of the padded ones."""
    return _along(builder, x, op, ROWS)


def _along(builder: "Builder", x: "ir.Value", op: Involution, axis: int) -> "list[ir.Value]":
    size, stride, dilation = (each[axis] for each in (op.kernel, op.stride, op.dilation))
    count, rank = op.out[axis], 5
    place, held = rank + axis, op.padded[axis]
    starts = [tap * dilation for tap in range(size)]
    if axis == COLUMNS and stride > 1:  # one strided copy for each remainder, then runs of memory
        parts = sorted({start % stride for start in starts})
        kept = {part: _sliced(builder, x, place, range(part, held, stride)) for part in parts}
        cuts = [(kept[start % stride], range(start // stride, start // stride + count)) for start in starts]
        return [_sliced(builder, part, place, cut) for part, cut in cuts]
    if count == held:
        return [x] * size
    last = stride * (count - 1) + 1
    return [_sliced(builder, x, place, range(start, start + last, stride)) for start in starts]


def _sliced(builder: "Builder", x: "ir.Value", axis: int, cut: range) -> "ir.Value":
    bounds = [builder.integers([value]) for value in (cut.start, cut.stop, axis, cut.step)]
    return builder.node("Slice", x, *bounds[: 3 if cut.step == 1 else 4])
