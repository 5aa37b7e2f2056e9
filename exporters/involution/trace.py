"""Where the elements of a value come from, through operators that only move them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import constant, dims, integer, ints, is_op

if TYPE_CHECKING:
    import onnx_ir as ir

CUTS = ("Gather", "Slice", "Concat")
"""Movements that can make windows; the others keep every element once."""


def source(value: "ir.Value", cuts: "list[str] | None" = None) -> "ir.Value":
    """Return the value that `value` is moved from; the names of the `CUTS` on the way go into `cuts`."""
    while True:
        node = value.producer()
        first = node.inputs[0] if is_op(node, *_MOVES) and node is not None else None
        if node is None or first is None or dims(first) is None or dims(value) is None:
            return value
        if cuts is not None and node.op_type in CUTS:
            cuts.append(node.op_type)
        value = first


def moved(value: "ir.Value", root: "ir.Value") -> np.ndarray | None:
    """Return, in the shape of `value`, every element's place in `root`, flat; None if not of it alone."""
    return _moved(value, root, {})


def _moved(value: "ir.Value", root: "ir.Value", known: dict[int, np.ndarray | None]) -> np.ndarray | None:
    if value is root:
        shape = dims(root)
        assert shape is not None
        return np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    node, shape = value.producer(), dims(value)
    if node is None or shape is None or not is_op(node, *_MOVES):
        return None
    if id(value) not in known:
        fed = node.inputs if node.op_type == "Concat" else node.inputs[:1]
        places = [None if each is None else _moved(each, root, known) for each in fed]
        held = [each for each in places if each is not None]
        found = _MOVES[node.op_type](node, held, shape) if len(held) == len(places) else None
        known[id(value)] = found if found is not None and found.shape == shape else None
    return known[id(value)]


Move = Callable[["ir.Node", list[np.ndarray], tuple[int, ...]], np.ndarray | None]


def _reshaped(_node: "ir.Node", held: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray | None:
    return held[0].reshape(shape) if held[0].size == np.prod(shape) else None


def _transposed(node: "ir.Node", held: list[np.ndarray], _shape: tuple[int, ...]) -> np.ndarray:
    return held[0].transpose(ints(node, "perm", tuple(reversed(range(held[0].ndim)))))


def _gathered(node: "ir.Node", held: list[np.ndarray], _shape: tuple[int, ...]) -> np.ndarray | None:
    taken = constant(node.inputs[1])
    return None if taken is None else held[0].take(taken, integer(node, "axis", 0))


def _sliced(node: "ir.Node", held: list[np.ndarray], _shape: tuple[int, ...]) -> np.ndarray | None:
    given = [constant(value) for value in node.inputs[1:]]
    if len(given) < 2 or any(each is None for each in given):
        return None
    starts, ends, *more = [each.tolist() for each in given if each is not None]
    axes = more[0] if more else list(range(len(starts)))
    steps = more[1] if len(more) > 1 else [1] * len(starts)
    if min(steps) < 1:
        return None
    cut = [slice(None)] * held[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut[axis] = slice(start, end, step)
    return held[0][tuple(cut)]


def _joined(node: "ir.Node", held: list[np.ndarray], _shape: tuple[int, ...]) -> np.ndarray:
    return np.concatenate(held, integer(node, "axis", 0))


_MOVES: dict[str, Move] = {
    "Reshape": _reshaped,
    "Flatten": _reshaped,
    "Squeeze": _reshaped,
    "Unsqueeze": _reshaped,
    "Identity": _reshaped,
    "Expand": lambda _node, held, shape: np.broadcast_to(held[0], shape),
    "Transpose": _transposed,
    "Gather": _gathered,
    "Slice": _sliced,
    "Concat": _joined,
}
