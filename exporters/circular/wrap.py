"""What a value made by slicing and joining holds: which places of another value, in which order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import constant, dims, integer, is_op

if TYPE_CHECKING:
    import onnx_ir as ir

ENDLESS = 2**31


def wrapped(value: "ir.Value", axis: int, length: int) -> "tuple[ir.Value, int, set[ir.Node]] | None":
    """Return (x, start, nodes): `value` is x of size `length` along `axis`, repeated from `start` on.

    That is, value[j] = x[(j + start) mod length] along `axis`, whether by Slice, Concat, Split, Gather or Pad
    mode=wrap; `nodes` compute it from x. None where it is nothing of the kind.
    """
    size = dims(value)
    if size is None:
        return None
    for root in _sources(value):
        sizes = dims(root)
        if root is value or sizes is None or len(sizes) != len(size) or sizes[axis] != length:
            continue
        nodes: set[ir.Node] = set()
        found = _places(value, root, axis, nodes)
        if found is not None and (found == (np.arange(size[axis]) + found[0]) % length).all():
            return root, int(found[0]), nodes
    return None


def _sources(value: "ir.Value") -> "list[ir.Value]":
    """Return `value` and what it is cut and joined from, nearest first."""
    found = [value]
    for item in found:
        found += [each for each in _parts(item) if all(each is not seen for seen in found)]
    return found


def _parts(value: "ir.Value") -> "list[ir.Value]":
    """Return what `value` is directly cut or joined from, nothing when it is neither."""
    node = value.producer()
    if node is None or not is_op(node, *_PLACES):
        return []
    inputs = node.inputs if node.op_type == "Concat" else node.inputs[:1]
    return [each for each in inputs if each is not None]


@dataclass(frozen=True)
class _Cut:
    """One node on the way: the places that its inputs hold, their shape, the axis, and the output wanted."""

    node: "ir.Node"
    places: list[np.ndarray]
    source: tuple[int, ...]
    axis: int
    value: "ir.Value"

    @property
    def along(self) -> int:
        """The node's axis, counted from the front."""
        return integer(self.node, "axis", 0) % len(self.source)


def _places(value: "ir.Value", root: "ir.Value", axis: int, nodes: "set[ir.Node]") -> np.ndarray | None:
    """Return the places of `root` along `axis` that `value` holds, in order; None when it holds others."""
    shape = dims(root)
    assert shape is not None
    if value is root:
        return np.arange(shape[axis])
    parts, node = _parts(value), value.producer()
    held = [_places(part, root, axis, nodes) for part in parts]
    places, source = [part for part in held if part is not None], dims(parts[0]) if parts else None
    if node is None or source is None or len(places) < len(held):
        return None
    nodes.add(node)
    return _PLACES[node.op_type](_Cut(node, places, source, axis, value))


def _joined(cut: _Cut) -> np.ndarray | None:
    return np.concatenate(cut.places) if cut.along == cut.axis else None


def _sliced(cut: _Cut) -> np.ndarray | None:
    places = cut.places[0]
    given = [constant(value) for value in cut.node.inputs[1:]]
    if len(given) < 2 or given[0] is None or given[1] is None:
        return None
    starts, ends = given[0].tolist(), given[1].tolist()
    axes = given[2].tolist() if len(given) > 2 and given[2] is not None else list(range(len(starts)))
    steps = given[3].tolist() if len(given) > 3 and given[3] is not None else [1] * len(starts)
    for start, end, along, step in zip(starts, ends, axes, steps, strict=True):
        part = slice(_bounded(start), _bounded(end), step)
        if along % len(cut.source) == cut.axis:
            places = places[part]
        elif part.indices(cut.source[along]) != (0, cut.source[along], 1):
            return None
    return places


def _bounded(place: int) -> int | None:
    """Return `place`, or None for the far end, however it is said."""
    return None if abs(place) >= ENDLESS - 1 else place


def _split(cut: _Cut) -> np.ndarray | None:
    sizes = [(dims(output) or (0,) * 4)[cut.axis] for output in cut.node.outputs]
    if cut.along != cut.axis or 0 in sizes or sum(sizes) != len(cut.places[0]):
        return None
    at = next(index for index, output in enumerate(cut.node.outputs) if output is cut.value)
    return cut.places[0][sum(sizes[:at]) : sum(sizes[: at + 1])]


def _gathered(cut: _Cut) -> np.ndarray | None:
    taken = constant(cut.node.inputs[1])
    return cut.places[0][taken] if taken is not None and taken.ndim == 1 and cut.along == cut.axis else None


def _padded(cut: _Cut) -> np.ndarray | None:
    node, rank, places = cut.node, len(cut.source), cut.places[0]
    mode, pads = node.attributes.get("mode"), constant(node.inputs[1])
    axes = constant(node.inputs[3]) if len(node.inputs) > 3 else np.arange(rank)
    if mode is None or mode.as_string() != "wrap" or pads is None or axes is None:
        return None
    widths = np.zeros((2, rank), int)
    widths[:, axes] = pads.reshape(2, -1)
    if np.delete(widths, cut.axis, 1).any():
        return None
    before, after = widths[:, cut.axis]
    return places[np.arange(-before, len(places) + after) % len(places)]


_PLACES: dict[str, Callable[[_Cut], np.ndarray | None]] = {
    "Concat": _joined,
    "Slice": _sliced,
    "Split": _split,
    "Gather": _gathered,
    "Pad": _padded,
    "Identity": lambda cut: cut.places[0],
}
