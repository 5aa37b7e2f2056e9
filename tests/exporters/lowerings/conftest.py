"""One operator as a model of its own, and how far a model is from the definition in float64."""

import numpy as np
import onnx
import pytest

from exporters.execute import execute
from exporters.lowerings import lowerings
from exporters.lowerings.base import Circular
from exporters.lowerings.builder import Builder
from exporters.lowerings.reference import correlate


def _circular(axis, shape, *, outputs=None, shift=True, seed=0):
    """Return an operator with random taps; dense with `outputs` output channels, else depthwise."""
    rng = np.random.default_rng(seed)
    channels, length = shape[1], shape[2 if axis == "h" else 3]
    taps = (channels, length) if outputs is None else (outputs, channels, length)
    added = rng.standard_normal((taps[0], length)) if shift else None
    return Circular(axis, tuple(shape), rng.standard_normal(taps), added)


def _model_of(op, fill, opset=20):
    """Return a checked model x -> y of what `fill(builder, x)` writes for `op`."""
    import onnx_ir as ir

    floats = ir.TensorType(ir.DataType.FLOAT)
    x = ir.Value(name="x", shape=ir.Shape(op.shape), type=floats)
    last = ir.node("Identity", [x], name="last")
    y = last.outputs[0]
    y.name, y.shape, y.type = "y", ir.Shape(op.out_shape), floats
    graph = ir.Graph([x], [y], nodes=[last], opset_imports={"": opset}, name="one")
    last.replace_input_with(0, fill(Builder(last, "op", opset), x))
    model = ir.to_proto(ir.Model(graph, ir_version=10))
    onnx.checker.check_model(model, full_check=True)
    return model


def _built(op, lowering, factor=None, opset=20):
    """Return `op` as `lowering` (one, or the name of one) writes it."""
    chosen = lowerings()[lowering] if isinstance(lowering, str) else lowering
    assert chosen.refusal(op, factor) is None
    return _model_of(op, lambda builder, x: chosen.build(builder, x, op, factor), opset)


def _error_of(model, op, x=None):
    """Return the largest deviation of y from the definition, as a part of the largest |y|."""
    if x is None:
        x = np.random.default_rng(1).standard_normal(op.shape)
    x = np.asarray(x, np.float32)
    wanted = correlate(op, x)
    got = execute(model.SerializeToString(), {"x": x})["y"]
    assert got.shape == wanted.shape == op.out_shape
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


@pytest.fixture(scope="session")
def circular():
    return _circular


@pytest.fixture(scope="session")
def model_of():
    return _model_of


@pytest.fixture(scope="session")
def built():
    return _built


@pytest.fixture(scope="session")
def error_of():
    return _error_of


@pytest.fixture(scope="session")
def deviation():
    """Return a function: the error of `op` as a lowering writes it."""
    return lambda op, *how: _error_of(_built(op, *how), op)


@pytest.fixture(scope="session")
def operators():
    """Return a function: the operators of a model, in order."""
    return lambda model: [node.op_type for node in model.graph.node if node.name != "last"]
