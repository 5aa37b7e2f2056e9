"""Padded planes end to end in one buffer, where a shift of the map is an offset, and rows need no cutting."""

from collections.abc import Callable
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


def grid(op: Involution) -> tuple[int, int]:
    """Return the height and width of the planes: the least where all that is read past one is zero."""
    return _least(op, 0), _least(op, 1)


def summed(  # noqa: PLR0917 - what every lowering is given, and how it cuts
    builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution, cut: Cut, largest: int
) -> "ir.Value":
    """Return y: Pad, then for each tap a run of the buffer by `cut`, Mul and Add, and a Slice at last.

    The groups of one image are summed in chunks of at most `largest` values, one after the other.
    """
    batch, groups, members = op.grouped[:3]
    high, wide = grid(op)
    flat, length, offsets = _flat(builder, x, op)
    turns = op.chunks(op.shape[1] * high * wide, largest) if batch == 1 else 1
    some = groups // turns
    weights = kernels.on_grid(builder, high, wide)
    weights = builder.reshape(weights, batch, op.taps * turns, some, 1, high * wide)
    parts = builder.split(weights, [1] * (op.taps * turns), 1) if op.taps * turns > 1 else [weights]
    count = batch * some * members * high * wide
    shape = (batch, 1, some, members, high * wide)
    sums = []
    for chunk in range(turns):
        total: ir.Value | None = None
        for first in range(0, op.taps, TOGETHER):
            part: ir.Value | None = None
            for tap in range(first, min(first + TOGETHER, op.taps)):
                run = cut(builder, flat, offsets[tap] + chunk * count, count, length)
                weight = parts[tap * turns + chunk]
                product = builder.node("Mul", weight, builder.reshape(run, *shape))
                part = product if part is None else builder.node("Add", part, product)
            total = part if total is None else builder.node("Add", total, part)
        assert total is not None
        sums.append(total)
    whole = sums[0] if turns == 1 else builder.node("Concat", *sums, axis=1)
    whole = builder.reshape(whole, *op.shape[:2], high, wide)
    crop = [builder.integers(each) for each in ([0, 0], op.out, [2, 3])]
    return whole if (high, wide) == op.out else builder.node("Slice", whole, *crop)


def _flat(builder: "Builder", x: "ir.Value", op: Involution) -> "tuple[ir.Value, int, list[int]]":
    """Return the buffer, its length, and where in it each tap begins.

    With a stride s the padded map is s x s maps, each of every s-th pixel: tap (u, v) reads the one of
    (u mod s, v mod s), shifted by (u div s, v div s).
    """
    batch, channels, tall, broad = op.shape
    (high, wide), (down, across) = grid(op), op.stride
    reach = [(op.dilation[axis] * (op.kernel[axis] - 1)) // op.stride[axis] for axis in (0, 1)]
    planes = batch * channels - (-(reach[0] * wide + reach[1]) // (high * wide))
    top, left = op.pads[:2]
    below, right = high * down - tall - top, wide * across - broad - left
    x = builder.reshape(x, batch * channels, tall, broad)
    if below < 0 or right < 0:  # rows and columns that no window reads
        kept = [tall + min(below, 0), broad + min(right, 0)]
        x = builder.node("Slice", x, *(builder.integers(each) for each in ([0, 0], kept, [1, 2])))
    pads = [0, top, left, planes - batch * channels, max(below, 0), max(right, 0)]
    x = builder.node("Pad", x, builder.integers(pads), mode="constant")
    if op.stride != (1, 1):
        x = builder.reshape(x, planes, high, down, wide, across)
        x = builder.transpose(x, 2, 4, 0, 1, 3)
    length, part = down * across * planes * high * wide, planes * high * wide
    offsets = []
    for row in range(0, op.kernel[0] * op.dilation[0], op.dilation[0]):
        for column in range(0, op.kernel[1] * op.dilation[1], op.dilation[1]):
            phase = (row % down) * across + column % across
            offsets.append(phase * part + (row // down) * wide + column // across)
    return builder.reshape(x, length), length, offsets


def _least(op: Involution, axis: int) -> int:
    count, stride, before = op.out[axis], op.stride[axis], op.pads[axis]
    reads = [tap * op.dilation[axis] for tap in range(op.kernel[axis])]
    last = stride * (count - 1) + reads[-1]
    held = min(before + op.shape[2 + axis], last + 1)  # zeros before, and what is read of the map

    def clean(length: int) -> bool:
        """Tell whether the map fits, and what is read past `length` are zeros before the next."""
        zeros = [max(0, -((phase - before) // stride)) for phase in range(stride)]
        past = [count + read // stride - length for read in reads]
        return length * stride >= held and all(
            over <= zeros[read % stride] for over, read in zip(past, reads, strict=True)
        )

    return next(length for length in range(count, last // stride + 2) if clean(length))
