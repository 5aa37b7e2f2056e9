"""Write a roll, and the windows cut out of what was rolled, as one Gather of whole rows.

The exporter turns torch.roll into two Slices and a Concat for each axis, and cutting a map into windows into
Reshape, Transpose, Reshape: five to seven copies of the map on either side of a shifted attention. All of it
only moves elements, mostly rows of channels, and one Gather of these rows does the same. On one thread, a
shifted block of Swin (14x14, 384 channels) took 0.77 of its time in ONNX Runtime and the same in OpenVINO,
one of CETNet (56x56, 64 channels) 0.79 of it in OpenVINO.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import add_constant, constant, dims, insert, is_op, prune, replace
from exporters.moves import SHAPED, copied, moved, numbers
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir

ROW = 16
"""Elements of the shortest row worth gathering: a cache line of float32."""

GAIN = 1.5
"""How many times fewer elements must be copied."""

ALONE = (*SHAPED, "Transpose", "Slice")


def apply(model: "ir.Model") -> int:
    """Return how many chains of moves became one Gather."""
    shared: dict[bytes, ir.Value] = {}
    changed = 0
    for node in reversed(list(model.graph)):
        found = _best(_chain(node), node) if node.graph is not None and is_op(node, "Concat") else None
        if found is not None:
            _write(found, shared)
            changed += 1
    prune(model)
    return changed


@dataclass(frozen=True, eq=False)
class Step:
    """Some nodes that only move the elements of `source` to make `end`."""

    source: "ir.Value"
    nodes: "tuple[ir.Node, ...]"
    end: "ir.Value"


@dataclass(frozen=True, eq=False)
class Found:
    """Steps that are one Gather: rows `places` of `source`, turned channels last before if `turned`.

    The source counts as (outer, rows, row); `places` are the rows wanted of each of the outer.
    """

    steps: list[Step]
    turned: bool
    outer: int
    row: int
    places: np.ndarray
    saved: float


def _chain(concat: "ir.Node") -> list[Step]:
    """Return the steps around `concat`, each the only reader of what the one before makes; may be empty."""
    middle = _joined(concat)
    if middle is None:
        return []
    steps = [middle]
    while (before := _step(steps[0].source)) is not None and _read_by(steps[0].source, steps[0].nodes):
        steps.insert(0, before)
    while (after := _next(steps[-1].end)) is not None:
        steps.append(after)
    return steps


def _step(value: "ir.Value") -> Step | None:
    """Return the step that makes `value`, None where it is computed, fed or constant."""
    node = value.producer()
    if node is not None and is_op(node, "Concat"):
        return _joined(node)
    source = node.inputs[0] if node is not None else None
    if node is None or source is None or not is_op(node, *ALONE) or constant(source) is not None:
        return None
    return Step(source, (node,), value) if moved(value, [numbers(source)]) is not None else None


def _next(value: "ir.Value") -> Step | None:
    """Return the step that alone reads `value`."""
    users = list(value.uses())
    if len(users) != 1 or users[0].idx != 0 or value.is_graph_output() or not is_op(users[0].node, *ALONE):
        return None
    return _step(users[0].node.outputs[0])


def _joined(concat: "ir.Node") -> Step | None:
    """Return the step of a Concat whose parts are Slices of one value, or it; nothing else reads them."""
    slices = [each.producer() for each in concat.inputs if each is not None]
    cut = [node for node in slices if node is not None and is_op(node, "Slice")]
    if len(cut) < len(slices) or len({node.inputs[0] for node in cut}) != 1:
        return None
    source = cut[0].inputs[0]
    if source is None or not all(_read_by(node.outputs[0], (concat,)) for node in cut):
        return None
    counted = numbers(source)
    if moved(concat.outputs[0], [moved(node.outputs[0], [counted]) for node in cut]) is None:
        return None
    return Step(source, (*cut, concat), concat.outputs[0])


def _read_by(value: "ir.Value", nodes: "tuple[ir.Node, ...]") -> bool:
    return not value.is_graph_output() and all(use.node in nodes for use in value.uses())


def _best(steps: list[Step], concat: "ir.Node") -> Found | None:
    """Return the Gather over steps around `concat` that saves most, the one over most steps among equals."""
    middle = next((place for place, step in enumerate(steps) if concat in step.nodes), 0)
    found = [
        each
        for first in range(min(middle + 1, len(steps)))
        for turned in (False, True)
        for each in _gathers(steps[first:], middle - first, turned=turned)
    ]
    return max(found, key=lambda each: (each.saved, len(each.steps)), default=None)


def _gathers(steps: list[Step], middle: int, *, turned: bool) -> Iterator[Found]:
    """Yield the Gathers of long rows that move less than `steps` up to `middle` or a later one.

    `turned` puts a Transpose to channels last before it, in place of one among the steps.
    """
    held = numbers(steps[0].source)
    if held is None or (turned and held.ndim < 3):
        return
    shape = held.shape
    if turned:
        shape = (shape[0], *shape[2:], shape[1])
        held = np.moveaxis(np.arange(held.size).reshape(shape), -1, 1)
    size, before = held.size, 0
    for place, step in enumerate(steps):
        held = _through(step, held)
        before += sum(copied(node) for node in step.nodes)
        after = held.size + (size if turned else 0)
        taken = steps[: place + 1]
        if place < middle or before < GAIN * after or (turned and not _transposes(taken)):
            continue
        places = held.ravel()
        row = _row(places, size)
        if row >= ROW:
            outer, places = _outer(places[::row] // row, shape, row)
            yield Found(taken, turned, outer, row, places, before - after)


def _through(step: Step, held: np.ndarray) -> np.ndarray:
    *cut, _ = step.nodes
    made = moved(step.end, [moved(node.outputs[0], [held]) for node in cut] or [held])
    assert made is not None
    return made


def _transposes(steps: list[Step]) -> bool:
    return any(node.op_type == "Transpose" for step in steps for node in step.nodes)


def _row(places: np.ndarray, size: int) -> int:
    """Return the longest row such that `places` of `size` elements are whole rows."""
    starts = np.flatnonzero(np.diff(places, prepend=places[0] - 2) != 1)
    return int(np.gcd.reduce([size, places.size, *starts, *places[starts]]))


def _outer(places: np.ndarray, shape: tuple[int, ...], row: int) -> tuple[int, np.ndarray]:
    """Return how many equal parts, one behind the other, move alike, and the places within each."""
    rows = int(np.prod(shape)) // row
    for outer in sorted({int(np.prod(shape[:axis])) for axis in range(len(shape))}, reverse=True):
        if rows % outer == 0 and places.size % outer == 0:
            each = rows // outer
            within = places.reshape(outer, -1) - each * np.arange(outer)[:, None]
            if (within == within[0]).all() and within[0].min() >= 0 and within[0].max() < each:
                return outer, within[0]
    return 1, places


def _write(found: Found, shared: "dict[bytes, ir.Value]") -> None:
    import onnx_ir as ir

    value, end = found.steps[0].source, found.steps[-1].end
    anchor, shape, final = end.producer(), dims(value), dims(end)
    assert anchor is not None
    assert shape is not None
    assert final is not None
    assert anchor.graph is not None
    graph, name = anchor.graph, end.name

    def shaped(value: "ir.Value", to: tuple[int, ...], what: str) -> "ir.Value":
        if dims(value) == to:
            return value
        sizes = add_constant(graph, f"{name}.to_{what}", np.asarray(to, np.int64))
        made = insert(anchor, "Reshape", [value, sizes], f"{name}.{what}")
        made.shape = ir.Shape(to)
        return made

    if found.turned:
        perm = [0, *range(2, len(shape)), 1]
        value = insert(anchor, "Transpose", [value], f"{name}.turned", {"perm": perm})
        shape = tuple(shape[axis] for axis in perm)
        value.shape = ir.Shape(shape)
    rows = int(np.prod(shape)) // found.row // found.outer
    value = shaped(value, (found.outer, rows, found.row), "rows")
    if len(found.places) != rows or (found.places != np.arange(rows)).any():
        key = found.places.tobytes()
        if key not in shared:
            shared[key] = add_constant(graph, f"{name}.places", found.places.astype(np.int64))
        value = insert(anchor, "Gather", [value, shared[key]], f"{name}.gathered", {"axis": 1})
        value.shape = ir.Shape((found.outer, len(found.places), found.row))
    value = shaped(value, final, "moved")
    replace(end, value)
    graph.remove([node for step in reversed(found.steps) for node in reversed(step.nodes)], safe=True)


PASS = Pass(
    name="one_gather",
    apply=apply,
    requires="a Concat of Slices of one value, with the Slice, Transpose, Reshape, Squeeze, Unsqueeze and "
    "such Concat before and behind it that nothing else reads, all of known shapes: together they move whole "
    "rows of 16 elements or more, once a map channels first is turned channels last, and copy at least half "
    "as many elements again as one Gather of the rows",
    ensures="those are one Gather between Reshapes, behind a Transpose at most; equal indices are one "
    "constant",
    mathematics="a chain of moves is a map of indices; followed on the numbers 0, 1, 2 ... of the elements, "
    "it says which element stands at each place of the result",
)
