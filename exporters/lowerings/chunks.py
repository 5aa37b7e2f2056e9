"""A lowering channel by channel group, so that what it passes on stays in the cache."""

from math import ceil
from typing import TYPE_CHECKING, Literal

from exporters.lowerings.base import Circular, Lowering

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder

CACHED = 800_000
"""Bytes of float32 activations a chunk takes with "auto": about what a second-level cache of 1 MiB keeps."""

Chunk = int | Literal["auto"] | None


def chunk_sizes(op: Circular, chunk: Chunk) -> list[int]:
    """Return the channels of each chunk, equal to within one.

    `chunk` is at most how many a chunk has; "auto" as many as fit `CACHED`; None all, in one chunk.
    """
    channels = op.channels[0]
    if chunk == "auto":
        chunk = max(1, CACHED // (4 * op.shape[0] * op.length * op.other))
    count = 1 if chunk is None else ceil(channels / max(1, chunk))
    small, larger = divmod(channels, count)
    return [small + 1] * larger + [small] * (count - larger)


def chunked(  # noqa: PLR0917 - those of a lowering, and two
    builder: "Builder", x: "ir.Value", op: Circular, lowering: Lowering, factor: int | None, chunk: Chunk
) -> "ir.Value":
    """Return y: Split by channels, the lowering of each part, Concat; the lowering alone for one chunk.

    Raises ValueError for a dense operator that would be split, whose outputs read every channel.
    """
    sizes = chunk_sizes(op, chunk)
    if len(sizes) == 1:
        return lowering.build(builder, x, op, factor)
    if op.dense:
        raise ValueError("a dense correlation cannot be split by channels")
    done, start = [], 0
    for part, size in zip(builder.split(x, sizes, 1), sizes, strict=True):
        done.append(lowering.build(builder, part, op.part(start, start + size), factor))
        start += size
    return builder.node("Concat", *done, axis=1)
