"""A graph converted, held against what every conversion promises, and run with every rounding it states.

ONNX Runtime on the CPU has hardly any kernels for fp16 and bf16. bf16 it refuses; fp16 it computes in fp32,
and of the Casts between two such operators it keeps none: 1000 * 1000 is then no overflow.
"""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, numpy_helper, parser, shape_inference

from exporters.execute import execute
from exporters.precision import conversion
from exporters.precision.constants import HALVES
from exporters.precision.keep import kept

HALF = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}
LIMIT = {"fp16": 1e-2, "bf16": 8e-2}
"""Of the largest output; bf16 has three bits less."""


def _types(model):
    """Return the type of every value by name."""
    graph = shape_inference.infer_shapes(model, check_type=True, strict_mode=True).graph
    values = (*graph.input, *graph.value_info, *graph.output)
    found = {value.name: value.type.tensor_type.elem_type for value in values}
    return found | {tensor.name: tensor.data_type for tensor in graph.initializer}


def _widened(model, precision):
    """Return the graph with fp32 for the half type and every result rounded to it, which any runtime can run.

    That is what a kernel computes which adds up in fp32 and stores the half type.
    """
    graph = ir.from_proto(shape_inference.infer_shapes(model, strict_mode=True))
    low, single = ir.DataType(HALF[precision]), ir.DataType.FLOAT
    for name, value in list(graph.graph.initializers.items()):
        if value.dtype == low:
            value.const_value = ir.tensor(value.const_value.numpy().astype(np.float32), name=name)
            value.type = ir.TensorType(single)
    for node in list(graph.graph):
        if node.op_type == "Cast" and node.attributes["to"].as_int() == low.value:
            node.attributes["to"] = ir.AttrInt64("to", single.value)
        for value in node.outputs:
            if value.dtype == low:
                value.type = ir.TensorType(single)
                down = ir.node("Cast", [value], {"to": low.value})
                up = ir.node("Cast", down.outputs, {"to": single.value})
                graph.graph.insert_after(node, [down, up])
                value.replace_all_uses_with(up.outputs[0])
                down.replace_input_with(0, value)
    widened = ir.to_proto(graph)
    widened.graph.ClearField("value_info")
    return widened


def _run(done, fed):
    return execute(_widened(done.model, done.precision).SerializeToString(), fed)


def _border(model):
    return [value.SerializeToString() for value in (*model.graph.input, *model.graph.output)]


def _converted(model, precision, *, fed, limit=None):
    """Return the conversion, once it has kept what every conversion promises and its outputs are close."""
    before = model.SerializeToString(deterministic=True)
    done = conversion(model, precision)
    after = done.model.SerializeToString(deterministic=True)
    assert model.SerializeToString(deterministic=True) == before, "the caller's graph was changed"
    assert conversion(model, precision).model.SerializeToString(deterministic=True) == after
    onnx.checker.check_model(done.model, full_check=True)
    assert _border(model) == _border(done.model)
    _hold_types(done)
    _hold_casts(done.model)
    wide, half = execute(model.SerializeToString(), fed), _run(done, fed)
    for name, expected in wide.items():
        assert half[name].dtype == expected.dtype
        scale = abs(expected).max(initial=0) or 1
        assert np.all(abs(half[name] - expected) <= (limit or LIMIT[precision]) * scale), name
    return done


def _hold_types(done):
    """Every fp32 tensor is an input or output, what a Cast made of a half one, or made by what was kept."""
    types, low = _types(done.model), HALF[done.precision]
    border = {value.name for value in (*done.model.graph.input, *done.model.graph.output)}
    read = {}
    for node in done.model.graph.node:
        made = node.output[0] in done.kept
        for name in node.output:
            if name and types.get(name) == TensorProto.FLOAT:
                upcast = node.op_type == "Cast" and types[node.input[0]] == low
                assert made or upcast or name in border, f"{name} is fp32"
        for name in filter(None, node.input):
            read.setdefault(name, []).append(made or node.op_type in ("Cast", "Resize"))
    for tensor in done.model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            assert all(read[tensor.name]), f"{tensor.name} is fp32"


def _hold_casts(model):
    """No Cast is to the type its input has, and none undoes the one before it."""
    types, makers = _types(model), {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type == "Cast":
            source = makers.get(node.input[0])
            assert types[node.input[0]] != types[node.output[0]]
            if source is not None and source.op_type == "Cast":
                assert types[source.input[0]] != types[node.output[0]], f"{node.output[0]} undoes a Cast"


def _stays(body, half=HALVES["fp16"], opset=20, outputs="float[1,4,8,8] y", **constants):
    """Return what stays in fp32 of a graph of x (1, 4, 8, 8), the reason by the first output."""
    graph = parser.parse_graph(f"g (float[1,4,8,8] x, float[1,4,8,8] z) => ({outputs}) {{ {body} }}")
    for name, array in constants.items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    imports = [onnx.helper.make_opsetid("", opset), onnx.helper.make_opsetid("custom", 1)]
    model = onnx.helper.make_model(graph, opset_imports=imports)
    model = ir.from_proto(shape_inference.infer_shapes(model))
    return {node.outputs[0].name: reason for node, reason in kept(model.graph, opset, half).items()}


@pytest.fixture(scope="session")
def stays():
    return _stays


@pytest.fixture(scope="session")
def converted(random_inputs):
    """Return `_converted`, which is fed at random where nothing is given."""

    def converted(model, precision, *, fed=None, limit=None):
        return _converted(model, precision, fed=random_inputs(model) if fed is None else fed, limit=limit)

    return converted


@pytest.fixture(scope="session")
def types():
    return _types


@pytest.fixture(scope="session")
def run():
    return _run
