"""Find what computes a layer norm by hand: mean, variance, root and quotient, in whatever order.

Each value that is made of x and constants alone is worked out as one of a few forms, operator by operator
from x on: a multiple of x, of its mean, of x less that mean, and so on up to the norm itself.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import constant, dims, integer, is_op, only_user

if TYPE_CHECKING:
    import onnx_ir as ir

BINARY = ("Add", "Sub", "Mul", "Div", "Pow")
REDUCING = ("ReduceMean", "ReduceSum")
RESHAPING = ("Reshape", "Squeeze", "Unsqueeze")
WHOLE = ("x", "centred", "square", "normed")
"""Kinds of the shape of x; the others have one value for all that a mean is taken of."""

CHANNELLED = ("constant", "centred", "inverse", "normed")
"""Kinds that may carry a scale per channel; the variance of the others would not be theirs."""


@dataclass(frozen=True)
class Form:
    """What a value is: `factor` times its kind, plus `shift`.

    Kinds: constant (1), x, mean, centred (x - mean), square (of centred), variance (plus epsilon), root (of
    variance + epsilon), inverse (1 / root), normed (centred / root). `factor` and `shift` are in float64,
    numbers or arrays of the rank of x that vary only along the axes of the mean.
    """

    kind: str
    factor: np.ndarray = field(default_factory=lambda: np.ones(()))
    epsilon: float = 0.0
    shift: np.ndarray = field(default_factory=lambda: np.zeros(()))


@dataclass(frozen=True)
class Norm:
    """A norm that is spelt out: `output` = scale (x - mean) / sqrt(variance + epsilon) + shift.

    Mean and variance are over `axes` of x, whose shape is `shape`; `scale` and `shift` are in float64,
    numbers or arrays of the rank of x that vary only along those axes.
    """

    x: "ir.Value"
    output: "ir.Value"
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    epsilon: float
    scale: np.ndarray
    shift: np.ndarray


def norms(model: "ir.Model") -> Iterator[Norm]:
    """Yield each norm spelt out in `model` of which nothing else reads a part, in the order of the graph.

    Each may be replaced before the next is asked for.
    """
    nodes, tried = list(model.graph), set["tuple[ir.Value, tuple[int, ...]]"]()
    places = {node: place for place, node in enumerate(nodes)}
    for node in nodes:
        start = _start(node)
        if start is not None and start not in tried:
            tried.add(start)
            yield from _Reading(*start).norms(nodes, places)


def _start(node: "ir.Node") -> "tuple[ir.Value, tuple[int, ...]] | None":
    """Return what a reduction reduces and over which axes, None for anything else or unknown."""
    if not is_op(node, *REDUCING) or len(node.inputs) < 2 or integer(node, "noop_with_empty_axes", 0):
        return None
    source, given, shape = node.inputs[0], constant(node.inputs[1]), dims(node.inputs[0])
    if source is None or given is None or not shape or given.size == 0:
        return None
    return source, tuple(sorted({int(axis) % len(shape) for axis in given.reshape(-1)}))


class _Reading:
    """The forms of what is computed from x and its mean over `axes`."""

    def __init__(self, x: "ir.Value", axes: tuple[int, ...]) -> None:
        shape = dims(x)
        assert shape is not None
        self.x, self.axes, self.shape = x, axes, shape
        self.kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        self.dropped = tuple(size for axis, size in enumerate(shape) if axis not in axes)
        self.forms: dict[ir.Value, Form] = {x: Form("x")}

    def norms(self, nodes: "list[ir.Node]", places: "dict[ir.Node, int]") -> Iterator[Norm]:
        """Yield the norms of x that its forms end in and of which nothing else reads a part."""
        waiting, seen = list[int](), set[int]()

        def follow(value: "ir.Value") -> None:
            for node in {use.node for use in value.uses()}:
                if node in places and places[node] not in seen:
                    seen.add(places[node])
                    heapq.heappush(waiting, places[node])

        follow(self.x)
        while waiting:
            node = nodes[heapq.heappop(waiting)]
            form = self._form(node)
            if form is None:
                continue
            self.forms[node.outputs[0]] = form
            if form.kind != "normed":
                follow(node.outputs[0])
            elif (found := self._norm(node.outputs[0], form)) is not None:
                yield found

    def _norm(self, value: "ir.Value", form: Form) -> Norm | None:
        """Return the norm that ends in `value` or in a scale and shift behind it."""
        while (node := only_user(value, *BINARY)) is not None and (more := self._form(node)) is not None:
            value, form = node.outputs[0], more
            self.forms[value] = form
        if not self._alone(value):
            return None
        return Norm(self.x, value, self.shape, self.axes, form.epsilon, form.factor, form.shift)

    def _alone(self, output: "ir.Value") -> bool:
        """Tell whether nothing but `output` reads what lies between it and x."""
        within, inner, front = set["ir.Node"](), list["ir.Value"](), [output]
        while front:
            node = front.pop().producer()
            if node is None or node in within:
                continue
            within.add(node)
            parts = [each for each in node.inputs if each is not None and each in self.forms]
            front += [each for each in parts if each is not self.x]
            inner += [each for each in parts if each is not self.x]
        return not any(
            each.is_graph_output() or any(use.node not in within for use in each.uses()) for each in inner
        )

    def _form(self, node: "ir.Node") -> Form | None:
        """Return what the output of `node` is, None where that is no form or of no known shape."""
        found, shape = self._computed(node), dims(node.outputs[0])
        if found is None or found.kind == "constant":
            return None
        if found.factor.ndim and found.kind not in CHANNELLED:
            return None
        whole = found.kind in WHOLE or found.factor.ndim > 0
        return found if shape == self.shape or (not whole and shape in (self.kept, self.dropped)) else None

    def _computed(self, node: "ir.Node") -> Form | None:
        if is_op(node, *REDUCING):
            return self._reduced(node)
        if is_op(node, *BINARY):
            return self._binary(node)
        first = self.forms.get(node.inputs[0]) if node.inputs and node.inputs[0] is not None else None
        return None if first is None else self._unary(node, first)

    def _unary(self, node: "ir.Node", form: Form) -> Form | None:
        if is_op(node, *RESHAPING):
            return None if form.kind in WHOLE or form.factor.ndim else form
        if is_op(node, "Neg"):
            return _negated(form)
        exponent = {"Sqrt": 0.5, "Reciprocal": -1.0}.get(node.op_type)
        return None if node.domain or exponent is None else _power(form, exponent)

    def _reduced(self, node: "ir.Node") -> Form | None:
        source, start = node.inputs[0], _start(node)
        form = None if source is None else self.forms.get(source)
        kind = None if form is None else {"x": "mean", "square": "variance"}.get(form.kind)
        if form is None or kind is None or start is None or start[1] != self.axes:
            return None
        count = math.prod(self.shape[axis] for axis in self.axes)
        return Form(kind, form.factor * (count if node.op_type == "ReduceSum" else 1))

    def _binary(self, node: "ir.Node") -> Form | None:
        left, right = (self._operand(value) for value in node.inputs)
        if left is None or right is None or not self._broadcast(node, left, right):
            return None
        if node.op_type == "Pow":
            exponent = right.factor if right.kind == "constant" else np.ones(2)
            return None if exponent.ndim else _power(left, float(exponent))
        if node.op_type in ("Add", "Sub"):
            return _sum(left, right if node.op_type == "Add" else _negated(right))
        inverse = right if node.op_type == "Mul" else _power(right, -1.0)
        return None if inverse is None else _product(left, inverse)

    def _operand(self, value: "ir.Value | None") -> Form | None:
        given = constant(value)
        if value is None or given is None:
            return None if value is None else self.forms.get(value)
        given = given.astype(np.float64)
        if given.size == 1:
            return Form("constant", given.reshape(()))
        if given.ndim > len(self.shape):
            return None
        along = given.reshape((1,) * (len(self.shape) - given.ndim) + given.shape)
        fits = all(size == 1 for axis, size in enumerate(along.shape) if axis not in self.axes)
        return Form("constant", along) if fits else None

    def _broadcast(self, node: "ir.Node", *forms: Form) -> bool:
        """Tell whether operands meet axis by axis: one that lost its axes may meet nothing but a number."""
        if any(form.kind == "constant" and not form.factor.ndim for form in forms):
            return True
        shapes = [
            dims(value) for value, form in zip(node.inputs, forms, strict=True) if form.kind != "constant"
        ]
        return all(shape in (self.shape, self.kept) for shape in shapes)


def _negated(form: Form) -> Form:
    return replace(form, factor=-form.factor, shift=-form.shift)


def _sum(left: Form, right: Form) -> Form | None:
    if right.kind in ("x", "constant"):
        left, right = right, left
    if left.kind == "x" and right.kind == "mean" and float(left.factor) == -float(right.factor):
        return Form("centred", left.factor)
    if left.kind != "constant":
        return None
    if right.kind == "normed":
        return replace(right, shift=right.shift + left.factor)
    if right.kind == "variance" and not left.factor.ndim:
        return replace(right, epsilon=right.epsilon + float(left.factor / right.factor))
    return None


def _product(left: Form, right: Form) -> Form | None:
    left, right = sorted((left, right), key=lambda form: (form.kind != "constant", form.kind != "centred"))
    factor = left.factor * right.factor
    if left.kind == "constant":
        return replace(right, factor=factor, shift=right.shift * left.factor)
    if left.kind == "centred" and right.kind == "inverse":
        return Form("normed", factor, right.epsilon)
    squares = left.kind == right.kind == "centred" and not factor.ndim
    return Form("square", factor) if squares else None


def _power(form: Form, exponent: float) -> Form | None:
    with np.errstate(all="ignore"):
        if form.kind == "constant":
            return Form("constant", form.factor**exponent)
        if form.kind == "centred" and exponent == 2 and not form.factor.ndim:
            return Form("square", form.factor**2)
        if form.kind == "variance" and abs(exponent) == 0.5 and form.factor > 0:
            return Form("root" if exponent > 0 else "inverse", form.factor**exponent, form.epsilon)
        if form.kind in ("root", "inverse") and exponent == -1:
            return Form("inverse" if form.kind == "root" else "root", 1 / form.factor, form.epsilon)
    return None
