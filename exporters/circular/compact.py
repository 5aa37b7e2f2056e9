"""Keep the constants of lowerings small in the file: a matrix whose diagonals are level is one Gather.

A circulant of length N holds each tap N times. Written as a Gather of the taps by constant places, it is
folded when a runtime loads the file, and runs as the matrix would.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from exporters.circular.level import Level, level

if TYPE_CHECKING:
    import onnx

SMALLEST = 2**14
"""Bytes of a constant below which nothing is worth saving."""

SAVING = 2
"""How many times smaller a constant must become."""


@dataclass
class _Written:
    """What takes the place of constants: nodes, and constants by name, those of places shared."""

    nodes: "list[onnx.NodeProto]" = field(default_factory=list)
    constants: "dict[str, onnx.TensorProto]" = field(default_factory=dict)


def compact(model: "onnx.ModelProto", *, conv: bool = True) -> int:
    """Return how many constants of `model` became a Gather; their values stay the same to the bit.

    Those are what MatMuls read and, with `conv`, the weights of Convs.
    """
    from onnx import numpy_helper

    written, kept, groups = _Written(), [], _groups(model, conv=conv)
    for tensor in model.graph.initializer:
        group = groups.get(tensor.name)
        array = None if group is None or tensor.data_type != tensor.FLOAT else numpy_helper.to_array(tensor)
        if (
            array is None
            or group is None
            or array.nbytes < SMALLEST
            or not _write(tensor.name, array, group, written)
        ):
            kept.append(tensor)
    changed = len(model.graph.initializer) - len(kept)
    if changed:
        nodes = [*written.nodes, *model.graph.node]
        for name, items in (("node", nodes), ("initializer", [*kept, *written.constants.values()])):
            copies = [type(item).FromString(item.SerializeToString()) for item in items]
            model.graph.ClearField(name)
            getattr(model.graph, name).extend(copies)
    return changed


def _groups(model: "onnx.ModelProto", *, conv: bool) -> dict[str, int]:
    """Return the names that MatMuls alone read, with 0, and the weights of Convs alone, with their groups."""
    found: dict[str, set[int]] = {}
    outputs = {value.name for value in (*model.graph.output, *model.graph.input)}
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            group = -1
            if node.op_type == "MatMul":
                group = 0
            elif conv and node.op_type == "Conv" and place == 1:
                group = next((int(item.i) for item in node.attribute if item.name == "group"), 1)
            found.setdefault(name, set()).add(group)
    return {
        name: next(iter(kinds))
        for name, kinds in found.items()
        if len(kinds) == 1 and -1 not in kinds and name not in outputs
    }


def _write(name: str, array: np.ndarray, group: int, written: _Written) -> bool:
    """Tell whether the constant `name` was written as a Gather, which is then in `written`."""
    from onnx import helper, numpy_helper

    found = level(array, group)
    if found is None:
        return False
    places = f"places.{found.places.shape[0]}x{found.places.shape[1]}{'.around' if found.around else ''}"
    fresh = 0 if places in written.constants else found.places.nbytes
    if SAVING * (found.taps.nbytes + fresh) > array.nbytes:
        return False
    written.constants[places] = numpy_helper.from_array(found.places, places)
    taps = f"{name}.taps"
    written.constants[taps] = numpy_helper.from_array(found.taps, taps)
    steps = _steps(found, array.shape)
    fed = taps
    for number, (op_type, attributes) in enumerate(steps):
        output = name if number == len(steps) - 1 else f"{name}.{op_type.lower()}"
        inputs = [fed, places] if op_type == "Gather" else [fed]
        if op_type == "Reshape":
            shape = "shape." + "x".join(map(str, array.shape))
            written.constants[shape] = numpy_helper.from_array(np.array(array.shape, np.int64), shape)
            inputs.append(shape)
        written.nodes.append(helper.make_node(op_type, inputs, [output], output, **attributes))
        fed = output
    return True


def _steps(found: Level, shape: tuple[int, ...]) -> list[tuple[str, dict[str, Any]]]:
    """Return the operators, with their attributes, that make a constant of `shape` of its taps."""
    steps: list[tuple[str, dict[str, Any]]] = [("Gather", {"axis": found.taps.ndim - 1})]
    made = (*found.taps.shape[:-1], *found.places.shape)
    if found.taps.ndim == 3:
        steps.append(("Transpose", {"perm": [0, 2, 1, 3]}))
    if made != shape:
        steps.append(("Reshape", {}))
    return steps
