"""Operators that only move elements, followed on arrays of numbers: what stands where after them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import constant, dims, integer, ints, is_op

if TYPE_CHECKING:
    import onnx_ir as ir

SHAPED = ("Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity")
"""They leave the elements where they are and need copy nothing."""

MOVES = (*SHAPED, "Transpose", "Slice", "Split", "Gather", "Concat")

LARGEST = 2**26
"""Elements of the largest value that is followed."""


def numbers(value: "ir.Value | None") -> np.ndarray | None:
    """Return the number of each element of `value`, in its shape; None where that is unknown or huge."""
    shape = dims(value)
    size = 0 if shape is None else int(np.prod(shape))
    return np.arange(size).reshape(shape) if shape is not None and 0 < size <= LARGEST else None


def moved(value: "ir.Value", arrays: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Return what the node behind `value` makes of `arrays`, put for what it reads: one, several for Concat.

    None where the node does more than to move elements, or the shape of `value` is unknown.
    """
    node, shape = value.producer(), dims(value)
    given = [each for each in arrays if each is not None]
    if node is None or not is_op(node, *MOVES) or shape is None or not given or len(given) < len(arrays):
        return None
    first = given[0]
    if node.op_type == "Concat":
        made: np.ndarray | None = np.concatenate(given, integer(node, "axis", 0))
    elif node.op_type == "Transpose":
        made = first.transpose(ints(node, "perm", tuple(reversed(range(first.ndim)))))
    elif node.op_type == "Slice":
        made = _sliced(node, first)
    elif node.op_type == "Split":
        made = _split(node, value, first)
    elif node.op_type == "Gather":
        places = constant(node.inputs[1])
        made = None if places is None else np.take(first, places, integer(node, "axis", 0))
    else:
        made = first.reshape(shape) if first.size == np.prod(shape) else None
    return made if made is not None and made.shape == shape else None


def copied(node: "ir.Node") -> int:
    """Return how many elements `node`, which moves them, copies; 0 where a shape is unknown."""
    if node.op_type in SHAPED:
        return 0
    return sum(int(np.prod(shape)) for value in node.outputs if (shape := dims(value)) is not None)


def _sliced(node: "ir.Node", array: np.ndarray) -> np.ndarray | None:
    places = [value for value in node.inputs[1:] if value is not None]
    given = [constant(value) for value in places]
    if len(places) < len(node.inputs) - 1 or len(given) < 2 or any(each is None for each in given):
        return None
    starts, ends, *more = ([int(one) for one in each.ravel()] for each in given if each is not None)
    axes = more[0] if more else list(range(len(starts)))
    steps = more[1] if len(more) > 1 else [1] * len(starts)
    parts = [slice(None)] * array.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        parts[axis] = slice(start, end, step)
    return array[tuple(parts)]


def _split(node: "ir.Node", value: "ir.Value", array: np.ndarray) -> np.ndarray | None:
    axis, shapes = integer(node, "axis", 0), [dims(each) for each in node.outputs]
    if any(shape is None for shape in shapes):
        return None
    place = next(index for index, each in enumerate(node.outputs) if each is value)
    sizes = [shape[axis] for shape in shapes if shape is not None]
    return np.split(array, np.cumsum(sizes)[:-1].tolist(), axis)[place]
