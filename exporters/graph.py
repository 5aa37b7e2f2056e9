"""Small questions and edits that the passes share, on `onnx_ir` graphs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx_ir as ir

TO_NCHW = (0, 3, 1, 2)
TO_NHWC = (0, 2, 3, 1)


def constant(value: "ir.Value | None") -> np.ndarray | None:
    """Return the array of an initializer, or None for anything computed, fed or absent."""
    if value is None or value.const_value is None or value.is_graph_input():
        return None
    return value.const_value.numpy()


def is_op(node: "ir.Node | None", *op_types: str) -> bool:
    """Tell whether `node` is one of `op_types` of the ONNX domain."""
    return node is not None and node.domain == "" and node.op_type in op_types


def producer(value: "ir.Value | None", *op_types: str) -> "ir.Node | None":
    """Return the node that computes `value` when it is one of `op_types`, else None."""
    node = None if value is None else value.producer()
    return node if is_op(node, *op_types) else None


def used_once(value: "ir.Value") -> bool:
    """Tell whether exactly one node input reads `value` and it is no graph output."""
    return len(value.uses()) == 1 and not value.is_graph_output()


def only_user(value: "ir.Value", *op_types: str) -> "ir.Node | None":
    """Return the one node that reads `value` when it is one of `op_types`, else None."""
    if not used_once(value):
        return None
    node = next(iter(value.uses())).node
    return node if is_op(node, *op_types) else None


def dims(value: "ir.Value | None") -> tuple[int, ...] | None:
    """Return the static shape of `value`, None when it or a part of it is unknown."""
    if value is None or value.shape is None:
        return None
    sizes = [size for size in value.shape if isinstance(size, int)]
    return tuple(sizes) if len(sizes) == len(value.shape) else None


def ints(node: "ir.Node", name: str, default: Sequence[int] = ()) -> tuple[int, ...]:
    """Return the integer-list attribute `name`."""
    attribute = node.attributes.get(name)
    return tuple(attribute.as_ints()) if attribute is not None else tuple(default)


def integer(node: "ir.Node", name: str, default: int) -> int:
    """Return the integer attribute `name`."""
    attribute = node.attributes.get(name)
    return attribute.as_int() if attribute is not None else default


def is_transpose(node: "ir.Node | None", perm: Sequence[int]) -> bool:
    """Tell whether `node` is a Transpose by `perm`."""
    return node is not None and is_op(node, "Transpose") and ints(node, "perm") == tuple(perm)


def is_pointwise(node: "ir.Node | None") -> bool:
    """Tell whether `node` is a dense 1x1 convolution, stride 1, without padding, with constant weights."""
    if node is None or not is_op(node, "Conv"):
        return False
    weight = constant(node.inputs[1])
    return (
        weight is not None
        and set(weight.shape[2:]) == {1}
        and integer(node, "group", 1) == 1
        and set(ints(node, "strides", (1,))) == {1}
        and set(ints(node, "pads", (0,))) == {0}
        and bias_of(node) is not None
    )


def bias_of(node: "ir.Node") -> np.ndarray | None:
    """Return the constant bias of a Conv (zeros when it has none), None when the bias is computed."""
    if len(node.inputs) < 3 or node.inputs[2] is None:
        weight = constant(node.inputs[1])
        return None if weight is None else np.zeros(weight.shape[0], weight.dtype)
    return constant(node.inputs[2])


EPSILON = 1e-5
"""That of a BatchNormalization which states none."""


def batch_norm(norm: "ir.Node") -> tuple[np.ndarray, np.ndarray] | None:
    """Return scale and shift, (C,) each in float64, that a BatchNormalization multiplies by and adds.

    None when one of its four constants is computed, or it is in training mode.
    """
    given = [constant(value) for value in norm.inputs[1:5]]
    if integer(norm, "training_mode", 0) or any(each is None for each in given):
        return None
    scale, shift, mean, variance = (np.asarray(each, np.float64) for each in given)
    attribute = norm.attributes.get("epsilon")
    scale = scale / np.sqrt(variance + (EPSILON if attribute is None else attribute.as_float()))
    return scale, shift - scale * mean


def affine_of(norm: "ir.Node") -> tuple[np.ndarray, np.ndarray | None] | None:
    """Return the constant scale and bias, (C,) each, of a LayerNormalization; a bias that is absent is None.

    None when either is computed or does not lie along one axis.
    """
    scale = constant(norm.inputs[1])
    given = norm.inputs[2] if len(norm.inputs) > 2 else None
    shift = constant(given)
    if scale is None or scale.ndim != 1 or (given is not None and shift is None):
        return None
    return (scale, shift) if shift is None or shift.shape == scale.shape else None


def drop_affine(norm: "ir.Node") -> None:
    """Leave a LayerNormalization with scale 1 and no bias; what they did must have been put elsewhere."""
    scale, graph = constant(norm.inputs[1]), norm.graph
    assert scale is not None
    assert graph is not None
    norm.replace_input_with(1, add_constant(graph, f"{norm.outputs[0].name}.ones", np.ones_like(scale)))
    norm.resize_inputs(2)


def add_constant(graph: "ir.Graph | ir.Function", name: str, array: np.ndarray) -> "ir.Value":
    """Return a new initializer of `graph` holding `array`, under `name` or the first free variation of it."""
    import onnx_ir as ir

    assert isinstance(graph, ir.Graph)
    free, number = name, 0
    while free in graph.initializers:
        number += 1
        free = f"{name}.{number}"
    tensor = ir.tensor(np.asarray(array, order="C"), name=free)
    value = ir.Value(
        name=free, shape=ir.Shape(array.shape), type=ir.TensorType(tensor.dtype), const_value=tensor
    )
    graph.register_initializer(value)
    return value


def set_constant(node: "ir.Node", place: int, array: np.ndarray, suffix: str) -> None:
    """Let input `place` of `node` read a new initializer, named after the one it read (or as its bias).

    The old initializer stays for its other readers.
    """
    graph = node.graph
    assert graph is not None
    if place >= len(node.inputs):
        node.resize_inputs(place + 1)
    old = node.inputs[place]
    name = old.name if old is not None and old.name else f"{node.outputs[0].name}.bias"
    node.replace_input_with(place, add_constant(graph, f"{name}.{suffix}", array))


def insert(
    anchor: "ir.Node",
    op_type: str,
    inputs: "Sequence[ir.Value | None]",
    name: str,
    attributes: Mapping[str, int | float | str | list[int]] | None = None,
    *,
    after: bool = False,
) -> "ir.Value":
    """Return the output, called `name`, of a new node put before (or after) the node `anchor`."""
    import onnx_ir as ir

    node = ir.node(op_type, inputs, dict(attributes or {}), name=name)
    node.outputs[0].name = name
    node.outputs[0].type = inputs[0].type if inputs[0] is not None else None
    graph = anchor.graph
    assert graph is not None
    (graph.insert_after if after else graph.insert_before)(anchor, node)
    return node.outputs[0]


def replace(old: "ir.Value", new: "ir.Value") -> None:
    """Let every reader of `old` (graph outputs too) read `new`; the node behind `old` is left to `prune`."""
    if old.is_graph_output():
        name = old.name
        old.name, new.name = f"{name}.replaced", name
        new.type, new.shape = old.type, old.shape
    old.replace_all_uses_with(new, replace_graph_outputs=True)


def prune(model: "ir.Model") -> None:
    """Remove the nodes and initializers that nothing reads any more."""
    from onnx_ir.passes.common import RemoveUnusedNodesPass

    RemoveUnusedNodesPass()(model)
