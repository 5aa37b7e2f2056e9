"""How many multiplications a lowering takes, counted on the graph that it builds."""

import math
from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings import lowerings
from exporters.lowerings.base import AXES, Circular
from exporters.lowerings.builder import Builder
from exporters.lowerings.name import Choice

if TYPE_CHECKING:
    import onnx

OPSET = 20
PRODUCTS = ("MatMul", "Conv", "Mul")
"""The operators that multiply, among those that exact lowerings are made of."""


def multiplications(op: Circular, choice: Choice) -> int:
    """Return the multiplications of `choice` for `op`; it must be one that can be built.

    Counted on graphs of one and two channels and carried on: a depthwise operator's work is proportional to
    its channels; a dense one's is a C + b O + c C O, transforms of inputs and outputs and what mixes them.
    """
    batch = op.shape[0]
    if not op.dense:
        return batch * op.channels[0] * _counted(op, choice, 1, 1)
    inputs, outputs = op.channels
    one, more_in, more_out, both = (_counted(op, choice, c, o) for c, o in ((1, 1), (2, 1), (1, 2), (2, 2)))
    mixed = both - more_in - more_out + one
    each_in, each_out = more_in - one - mixed, more_out - one - mixed
    return batch * (each_in * inputs + each_out * outputs + mixed * inputs * outputs)


def _counted(op: Circular, choice: Choice, inputs: int, outputs: int) -> int:
    import onnx

    model = onnx.shape_inference.infer_shapes(_graph(op, choice, inputs, outputs))
    shapes = {
        value.name: tuple(size.dim_value for size in value.type.tensor_type.shape.dim)
        for value in (*model.graph.value_info, *model.graph.input, *model.graph.output)
    }
    shapes |= {item.name: tuple(item.dims) for item in model.graph.initializer}
    return sum(_of(node, shapes) for node in model.graph.node if node.op_type in PRODUCTS)


def _of(node: "onnx.NodeProto", shapes: dict[str, tuple[int, ...]]) -> int:
    """Return the multiplications of one node: those of each output, times the outputs."""
    each = 1
    if node.op_type == "MatMul":
        each = shapes[node.input[0]][-1]
    elif node.op_type == "Conv":
        each = math.prod(shapes[node.input[1]][1:])
    return each * math.prod(shapes[node.output[0]])


def _graph(op: Circular, choice: Choice, inputs: int, outputs: int) -> "onnx.ModelProto":
    """Return `choice` for an operator like `op`, of one image with these channels."""
    import onnx_ir as ir

    weight = np.ones((outputs, inputs, op.length) if op.dense else (inputs, op.length))
    size = [1, inputs, op.shape[2], op.shape[3]]
    like = Circular(op.axis, (size[0], size[1], size[2], size[3]), weight)
    assert like.shape[AXES[op.axis]] == op.length
    floats = ir.TensorType(ir.DataType.FLOAT)
    x = ir.Value(name="x", shape=ir.Shape(like.shape), type=floats)
    last = ir.node("Identity", [x], name="last")
    y = last.outputs[0]
    y.name, y.shape, y.type = "y", ir.Shape(like.out_shape), floats
    graph = ir.Graph([x], [y], nodes=[last], opset_imports={"": OPSET}, name="work")
    built = lowerings()[choice.lowering].build(Builder(last, "work", OPSET), x, like, choice.factor)
    last.replace_input_with(0, built)
    return ir.to_proto(ir.Model(graph, ir_version=10))
