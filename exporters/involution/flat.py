"""Padded planes end to end in one buffer, where a shift of the map is an offset, and rows need no cutting."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from itertools import islice
from typing import TYPE_CHECKING

from exporters.involution.base import Involution

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder

TOGETHER = 4
"""How many taps are added up before they join the sum: OpenVINO then compiles the fewest loops."""

Cut = Callable[["Builder", "ir.Value", int, int, int], "ir.Value"]
"""What returns a run of a flat buffer: where it begins, how long it is, and the length of the buffer."""

MATHEMATICS = (
    "y[q] = sum over t of w_t[q] f[q + o_t], f the padded planes end to end and q a place in them: a shift "
    "by (u, v) is the offset o = u W' + v, and what a row reads past its end are the zeros before the next"
)


@dataclass(frozen=True)
class Axis:
    """Rows or columns: with a stride s they are s phases, each of every s-th, and a tap reads one of them.

    `reads` is (q, phase) of each tap: at place i of y it reads place i + q of that phase. `zeros` stand
    before each phase, of which `held` places can be read, and `length` holds both and what follows.
    """

    stride: int
    reads: tuple[tuple[int, int], ...]
    held: int
    zeros: int
    length: int

    @classmethod
    def of(cls, op: Involution, axis: int) -> "Axis":
        """Return the least where all that is read past one row is the zeros before the next."""
        size, count, stride, before = op.shape[2 + axis], op.out[axis], op.stride[axis], op.pads[axis]
        shifts = [tap * op.dilation[axis] - before for tap in range(op.kernel[axis])]
        held = -(-min(size, stride * (count - 1) + shifts[-1] + 1) // stride)
        zeros = -(-before // stride)
        length = max(count, zeros + held, count + shifts[-1] // stride)
        return cls(stride, tuple(divmod(shift, stride) for shift in shifts), held, zeros, length)


def view(builder: "Builder", flat: "ir.Value", start: int, count: int, length: int) -> "ir.Value":
    """Cut by Split along the only axis of the buffer, which OpenVINO hands out without a copy."""
    sizes = [size for size in (start, count, length - start - count) if size]
    return builder.split(flat, sizes, 0)[1 if start else 0] if len(sizes) > 1 else flat


def summed(  # noqa: PLR0917 - what every lowering is given, and how it cuts
    builder: "Builder",
    x: "ir.Value",
    kernels: "Kernels",
    op: Involution,
    cut: Cut,
    largest: int,
    *,
    members_last: bool = False,
) -> "ir.Value":
    """Return y: Pad, then for each tap a run of the buffer by `cut`, Mul and Add, and a Slice at last.

    The groups of one image are summed in chunks of at most `largest` values, one after the other. With
    `members_last` the channels that share a weight stand behind the pixels, else before them.
    """
    batch, groups, members = op.grouped[:3]
    unit = members if members_last else 1
    flat, length, offsets = _flat(builder, x, op, unit)
    high, wide = (Axis.of(op, axis).length for axis in (0, 1))
    plane = members * high * wide
    turns = op.chunks(groups * plane, largest) if batch == 1 else 1
    some = groups // turns
    if members_last and batch * some == 1:  # nothing is wanted of the rows between two planes
        high = op.out[0]
    pixels = high * wide
    of_x, of_weights = ((pixels, members), (pixels, 1)) if members_last else ((members, pixels), (1, pixels))
    sums = []
    for chunk, made in enumerate(kernels.on_grid(builder, high, wide, turns)):
        weights = builder.reshape(made, batch, op.taps * some, *of_weights)
        parts = builder.split(weights, [some] * op.taps, 1) if op.taps > 1 else [weights]
        starts = (chunk * some * plane + offset for offset in offsets)
        runs = (cut(builder, flat, start, batch * some * members * pixels, length) for start in starts)
        views = (builder.reshape(run, batch, some, *of_x) for run in runs)
        total = _added(builder, map(partial(builder.node, "Mul"), parts, views))
        sums.append(_after(builder, total, op, range(chunk * some, (chunk + 1) * some), members_last))
    whole = sums[0] if turns == 1 else builder.node("Concat", *sums, axis=1)
    whole = builder.reshape(whole, batch * op.shape[1] // unit, high, wide * unit)
    if (high, wide) != op.out:
        crop = ([0, 0], [op.out[0], op.out[1] * unit], [1, 2])
        whole = builder.node("Slice", whole, *map(builder.integers, crop))
    if not members_last:
        return builder.reshape(whole, *op.out_shape)
    whole = builder.transpose(builder.reshape(whole, batch, groups, *op.out, members), 0, 2, 3, 1, 4)
    return builder.transpose(builder.reshape(whole, batch, *op.out, op.shape[1]), 0, 3, 1, 2)


def _added(builder: "Builder", products: "Iterator[ir.Value]") -> "ir.Value":
    """Return the sum of all, `TOGETHER` at a time, each made when it is added."""
    total: ir.Value | None = None
    while some := tuple(islice(products, TOGETHER)):
        part = reduce(partial(builder.node, "Add"), some)
        total = part if total is None else builder.node("Add", total, part)
    assert total is not None
    return total


def _after(
    builder: "Builder", y: "ir.Value", op: Involution, groups: range, members_last: bool
) -> "ir.Value":
    """Return `y` of these groups with what follows it."""
    if op.after is None:
        return y
    shape = (1, len(groups), *((1, op.members) if members_last else (op.members, 1)))
    chosen = slice(groups.start * op.members, groups.stop * op.members)
    scale, shift = (builder.floats(each[chosen].reshape(shape)) for each in (op.after.scale, op.after.shift))
    y = builder.node("Add", builder.node("Mul", y, scale), shift)
    return builder.node("Relu", y) if op.after.relu else y


def _flat(builder: "Builder", x: "ir.Value", op: Involution, unit: int) -> "tuple[ir.Value, int, list[int]]":
    """Return the buffer, its length, and where each tap begins; `unit` channels stand behind a pixel."""
    batch, channels, *size = op.shape
    rows, columns = axes = [Axis.of(op, axis) for axis in (0, 1)]
    held = [axis.held * axis.stride for axis in axes]
    kept = list(map(min, held, size))
    if kept != size:  # rows and columns that no window reads
        x = builder.node("Slice", x, *map(builder.integers, ([0, 0], kept, [2, 3])))
    if held != kept:
        more = [whole - there for whole, there in zip(held, kept, strict=True)]
        x = builder.node("Pad", x, builder.integers([0] * 6 + more), mode="constant")
    phases = (rows.held, rows.stride, columns.held, columns.stride)
    if unit > 1:
        x = builder.reshape(builder.transpose(x, 0, 2, 3, 1), batch, *phases, channels // unit, unit)
        x = builder.transpose(x, 2, 4, 0, 5, 1, 3, 6)
    elif op.stride != (1, 1):
        x = builder.transpose(builder.reshape(x, batch * channels, *phases), 2, 4, 0, 1, 3)
    maps = batch * channels // unit
    planes, area = rows.stride * columns.stride * maps, rows.length * columns.length
    places = [
        ((row_phase * columns.stride + column_phase) * maps * area)
        + (row + rows.zeros) * columns.length
        + (column + columns.zeros)
        for row, row_phase in rows.reads
        for column, column_phase in columns.reads
    ]
    spare = -(-max(place % (maps * area) for place in places) // area)
    below, right = (axis.length - axis.zeros - axis.held for axis in axes)
    pads = [0, rows.zeros, columns.zeros * unit, spare, below, right * unit]
    x = builder.reshape(x, planes, rows.held, columns.held * unit)
    x = builder.node("Pad", x, builder.integers(pads), mode="constant")
    length = (planes + spare) * area * unit
    return builder.reshape(x, length), length, [place * unit for place in places]
