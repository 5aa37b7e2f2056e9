"""Graphs with one circular correlation, written node by node, and what each computes in float64."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from exporters.execute import execute
from exporters.lowerings.base import Circular
from exporters.lowerings.reference import correlate

PLACE = {"h": 2, "w": 3}
WRAPS = ("slice", "slice from the end", "pad", "pad around", "twice", "split", "rolled", "gather")
OPERATORS = {
    "Add": lambda x, c: x + c,
    "Sub": lambda x, c: x - c,
    "From": lambda x, c: c - x,
    "Mul": lambda x, c: x * c,
    "Div": lambda x, c: x / c,
    "Relu": lambda x, _c: np.maximum(x, 0),
}


def normalized(x, norm):
    """Return a BatchNormalization of x by (gamma, beta, mean, variance)."""
    gamma, beta, mean, variance = (np.asarray(part, np.float64)[None, :, None, None] for part in norm)
    return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta


@dataclass
class Case:
    """One correlation along `axis`: `before` and `after` are (operator, constant), norms being "Norm"."""

    axis: str
    shape: tuple
    outputs: int | None = None
    wrap: str = "slice"
    before: list = field(default_factory=list)
    after: list = field(default_factory=list)
    bias: bool = True
    seed: int = 0

    def __post_init__(self):
        rng = np.random.default_rng(self.seed)
        channels, length = self.shape[1], self.length
        taps = (channels, length) if self.outputs is None else (self.outputs, channels, length)
        self.weight = rng.standard_normal(taps).astype(np.float32)
        self.shift = rng.standard_normal(taps[0]).astype(np.float32) if self.bias else None
        self.x = rng.standard_normal(self.shape).astype(np.float32)

    @property
    def length(self):
        return self.shape[PLACE[self.axis]]

    @property
    def model(self):
        """A checked model x -> y."""
        writer = Writer()
        fed = writer.chain("x", self.before, "before")
        fed = writer.wrapped(fed, self.wrap, PLACE[self.axis], self.length)
        taps = (self.length, 1) if self.axis == "h" else (1, self.length)
        inputs = 1 if self.outputs is None else self.shape[1]
        given = [fed, writer.constant("conv.weight", self.weight.reshape(-1, inputs, *taps))]
        if self.shift is not None:
            given.append(writer.constant("conv.bias", self.shift))
        fed = writer.node("Conv", given, "conv", group=self.shape[1] if self.outputs is None else 1)
        writer.node("Identity", [writer.chain(fed, self.after, "after")], "y")
        made = (self.shape[0], self.outputs or self.shape[1], *self.shape[2:])
        return writer.model({"x": self.shape}, {"y": made})

    @property
    def exact(self):
        """y of x in float64, from the definition."""
        x = self.x.astype(np.float64)
        for step, constant in self.before:
            x = normalized(x, constant) if step == "Norm" else OPERATORS[step](x, constant)
        start = {"pad around": -((self.length - 1) // 2), "rolled": 1}.get(self.wrap, 0)
        x = np.roll(x, -start, PLACE[self.axis])
        shift = None if self.shift is None else np.repeat(self.shift[:, None], self.length, 1)
        weight = self.weight.astype(np.float64)
        y = correlate(Circular(self.axis, self.shape, weight, shift), x)
        for step, constant in self.after:
            y = normalized(y, constant) if step == "Norm" else OPERATORS[step](y, constant)
        return y

    def error(self, model):
        """Return the largest deviation of what `model` makes of x, as a part of the largest |y|."""
        got = execute(model.SerializeToString(), {"x": self.x})["y"]
        assert got.shape == self.exact.shape
        return float(np.abs(got - self.exact).max() / (np.abs(self.exact).max() or 1))


class Writer:
    """Nodes and constants in the order they are written."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def node(self, op_type, inputs, name, *, outputs=None, **attributes):
        self.nodes.append(helper.make_node(op_type, inputs, outputs or [name], name, **attributes))
        return name

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def places(self, name, *values):
        return self.constant(name, np.array(values, np.int64))

    def chain(self, fed, steps, name):
        for number, (step, constant) in enumerate(steps):
            here = f"{name}{number}"
            if step == "Norm":
                parts = [
                    self.constant(f"{here}.{index}", np.asarray(part, np.float32))
                    for index, part in enumerate(constant)
                ]
                fed = self.node("BatchNormalization", [fed, *parts], here)
            elif step == "Relu":
                fed = self.node("Relu", [fed], here)
            else:
                given = [fed, self.constant(f"{here}.c", np.asarray(constant, np.float32))]
                fed = self.node(
                    "Sub" if step == "From" else step, given[:: -1 if step == "From" else 1], here
                )
        return fed

    def cut(self, fed, start, end, axis, name):
        ends = [self.places(f"{name}.{index}", value) for index, value in enumerate((start, end, axis))]
        return self.node("Slice", [fed, *ends], name)

    def wrapped(self, fed, wrap, axis, length):
        """Return `fed` longer by length - 1 along `axis`, wrapped around in the way named."""
        if wrap in ("pad", "pad around"):
            pads = [0] * 8
            pads[axis] = 0 if wrap == "pad" else (length - 1) // 2
            pads[axis + 4] = length - 1 - pads[axis]
            return self.node("Pad", [fed, self.places("pads", *pads)], "longer", mode="wrap")
        if wrap == "gather":
            places = self.places("places", *(np.arange(2 * length - 1) % length))
            return self.node("Gather", [fed, places], "longer", axis=axis)
        if wrap in ("twice", "rolled"):
            first = fed if wrap == "twice" else self.cut(fed, 1, 2**63 - 1, axis, "first")
            twice = self.node("Concat", [first, fed], "joined", axis=axis)
            return self.cut(twice, 0, 2 * length - 1, axis, "longer")
        if wrap == "split":
            sizes = self.places("sizes", length - 1, 1)
            again = (
                self.node("Split", [fed, sizes], "split", outputs=["again", "rest"], axis=axis) and "again"
            )
        else:
            start, end = (0, length - 1) if wrap == "slice" else (-length, -1)
            again = self.cut(fed, start, end, axis, "again")
        return self.node("Concat", [fed, again], "longer", axis=axis - 4)

    def model(self, inputs, outputs, opset=20):
        """Return the checked model, shapes inferred."""
        given, made = (
            [helper.make_tensor_value_info(name, 1, shape) for name, shape in values.items()]
            for values in (inputs, outputs)
        )
        graph = helper.make_graph(self.nodes, "g", given, made, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)


def _norm(channels, seed=5):
    """Return (gamma, beta, mean, variance) of a norm that has seen something."""
    return tuple(np.random.default_rng(seed).uniform(0.3, 1.5, (4, channels)).astype(np.float32))


def _values(*shape, seed=3):
    return np.random.default_rng(seed).uniform(0.5, 2, shape).astype(np.float32)


@pytest.fixture(scope="session")
def kit():
    """Return what this file makes graphs with."""
    return SimpleNamespace(Case=Case, Writer=Writer, WRAPS=WRAPS, norm=_norm, values=_values)
