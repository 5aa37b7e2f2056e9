"""Write a GELU that is spelt out as the one operator it is, in whatever order its author wrote it.

Modules that do not call nn.GELU give five to nine element-wise operators, each a pass over memory. Whether
they compute GELU is not read off their order but tried out: what lies between a value and another, scalar
arithmetic around one erf, tanh or sigmoid, is evaluated as a function of that value and held against GELU.

ONNX Runtime fuses some orders itself; of one that it leaves the operator takes 0.3 to 0.4 of the time
(784x256 and 196x1536 values, one thread). OpenVINO makes one kernel of most either way, in the same time.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from exporters.graph import constant, dims, insert, is_op, only_user, prune, replace
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir

OLDEST = 20
"""The opset that brought Gelu."""

FORMS = {"Erf": "none", "Tanh": "tanh", "Sigmoid": "tanh"}
"""What Gelu calls the form with this function inside; 1 + tanh(z) is twice the sigmoid of 2 z."""

CLOSE = 1e-6
"""How far from GELU at x, over 1 + |x|, a function may lie: what rounding its constants to float32 does."""

GRID = np.concatenate([np.linspace(-9, 9, 361), [-1e3, -60, -20, 20, 60, 1e3]])
LONGEST = 8
"""How many operators in a row are looked at, before the bent function and behind it."""

_ERF = np.vectorize(math.erf, otypes=[float])
ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
    "Neg": np.negative,
}
COMPUTED: Mapping[str, Callable[..., Any]] = {
    **ARITHMETIC,
    "Erf": _ERF,
    "Tanh": np.tanh,
    "Sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
}


def apply(model: "ir.Model") -> int:
    """Return how many GELUs became one operator each; none below opset 20."""
    stated = model.opset_imports.get("", model.graph.opset_imports.get("", 0))
    if stated < OLDEST:
        return 0
    changed = sum(_rewrite(node) for node in list(model.graph) if is_op(node, *FORMS))
    prune(model)
    return changed


def _rewrite(bend: "ir.Node") -> bool:
    form, sources, value = FORMS[bend.op_type], _arguments(bend), bend.outputs[0]
    for _ in range(LONGEST):
        reader = only_user(value, *ARITHMETIC)
        if reader is None:
            return False
        value = reader.outputs[0]
        for source in sources:
            if dims(source) is not None and dims(source) == dims(value) and _is_gelu(value, source, form):
                whole = insert(reader, "Gelu", [source], f"{value.name}.whole", {"approximate": form})
                whole.shape = value.shape
                replace(value, whole)
                return True
    return False


def _arguments(bend: "ir.Node") -> "list[ir.Value]":
    """Return the values that arithmetic makes the argument of `bend` from, nearest first."""
    found, front = dict["ir.Value", None](), list(bend.inputs)
    for _ in range(LONGEST):
        fresh = [value for value in front if value is not None and constant(value) is None]
        found |= dict.fromkeys(fresh)
        makers = [value.producer() for value in fresh]
        front = [
            each for node in makers if node is not None and is_op(node, *ARITHMETIC) for each in node.inputs
        ]
    return list(found)


def _is_gelu(value: "ir.Value", source: "ir.Value", form: str) -> bool:
    found = _function(value, {source: GRID}, 2 * LONGEST)
    return found is not None and bool((abs(found - _gelu(form)) <= CLOSE * (1 + abs(GRID))).all())


def _function(value: "ir.Value | None", known: "dict[ir.Value, np.ndarray]", left: int) -> np.ndarray | None:
    """Return `value` as a function of what is `known`, None where more than scalars and arithmetic come in.

    Constants may hold one number each; at most `left` operators in a row are followed.
    """
    if value is None or value in known or left == 0:
        return None if value is None else known.get(value)
    given, node = constant(value), value.producer()
    if given is not None:
        return given.astype(np.float64).reshape(()) if given.size == 1 else None
    if node is None or not is_op(node, *COMPUTED):
        return None
    taken = list[np.ndarray]()
    for each in node.inputs:
        part = _function(each, known, left - 1)
        if part is None:
            return None
        taken.append(part)
    with np.errstate(all="ignore"):
        known[value] = np.asarray(COMPUTED[node.op_type](*taken))
    return known[value]


@cache
def _gelu(form: str) -> np.ndarray:
    """Return GELU on the grid in float64 (Hendrycks and Gimpel, arXiv:1606.08415, section 2)."""
    if form == "none":
        return GRID * (1 + _ERF(GRID / math.sqrt(2))) / 2
    return GRID * (1 + np.tanh(math.sqrt(2 / math.pi) * (GRID + 0.044715 * GRID**3))) / 2


PASS = Pass(
    name="gelu",
    apply=apply,
    requires="opset 20 or later; Add, Sub, Mul, Div, Pow and Neg of one value and scalar constants around "
    "one Erf, Tanh or Sigmoid, nothing else reading from that on; as a function of the value, GELU to 1e-6 "
    "at every point of a grid",
    ensures="those operators are one Gelu, `approximate` none where it was Erf and tanh where not",
    mathematics="x Phi(x) = x (1 + erf(x / sqrt 2)) / 2 in any order of its factors; with tanh, "
    "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 = x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3))",
)
