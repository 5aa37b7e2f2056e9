"""Write a layer norm that is spelt out as a LayerNormalization.

Modules that do not call nn.LayerNorm take a mean, subtract it, square, take the mean again, add epsilon, take
the root, divide, scale and shift, in as many orders as there are authors; `exporters.moments` reads them all.
ONNX Runtime fuses the order of the oldest exporters itself; what x.var, rsqrt and ** -0.5 give it leaves as
eight to ten operators, of which this is 0.5 to 0.6 of the time (784 tokens of 192 channels, one thread).
OpenVINO finds most orders by itself, in the same time.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import add_constant, insert, prune, replace
from exporters.moments import Norm, norms
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir


def apply(model: "ir.Model") -> int:
    """Return how many norms over the last axis, or the last ones, were rewritten."""
    changed = 0
    for norm in norms(model):
        node, (first, last) = norm.output.producer(), (norm.axes[0], norm.axes[-1])
        if node is not None and fits(norm) and last == len(norm.shape) - 1:
            normed = layer_norm(node, norm.x, norm, -1 if first == last else first)
            normed.shape = norm.output.shape
            replace(norm.output, normed)
            changed += 1
    prune(model)
    return changed


def fits(norm: Norm) -> bool:
    """Tell whether the axes of `norm` follow each other and its values are floats that the operator takes."""
    import onnx_ir as ir

    floats = (ir.DataType.FLOAT, ir.DataType.FLOAT16, ir.DataType.DOUBLE)
    adjacent = norm.axes == tuple(range(norm.axes[0], norm.axes[-1] + 1))
    return adjacent and norm.x.dtype in floats and norm.epsilon >= 0


def layer_norm(anchor: "ir.Node", source: "ir.Value", norm: Norm, axis: int) -> "ir.Value":
    """Return the output of a LayerNormalization of `source` from `axis` on, put before `anchor`.

    Scale and shift are those of `norm`, whose axes are the last of `source`.
    """
    graph, name, dtype = anchor.graph, norm.output.name, norm.x.dtype
    assert graph is not None
    assert dtype is not None

    def along(values: np.ndarray) -> np.ndarray:
        """Return `values` without the other axes; one axis is filled, as passes that fold it expect."""
        sizes = [values.shape[axis] if values.ndim else 1 for axis in norm.axes]
        filled = [norm.shape[norm.axes[0]]] if len(sizes) == 1 else sizes
        return np.broadcast_to(values.reshape(sizes), filled).astype(dtype.numpy())

    inputs = [source, add_constant(graph, f"{name}.scale", along(norm.scale))]
    if norm.shift.any():
        inputs.append(add_constant(graph, f"{name}.shift", along(norm.shift)))
    stated: dict[str, int | float | str | list[int]] = {"axis": axis, "epsilon": norm.epsilon}
    return insert(anchor, "LayerNormalization", inputs, f"{name}.normed", stated)


PASS = Pass(
    name="layer_norm",
    apply=apply,
    requires="ReduceMean, Sub, its square, ReduceMean over the same last axes, Add of epsilon, root and "
    "quotient, then Mul and Add by constants that vary along those axes only, in any order of operands, with "
    "ReduceSum, Pow and Reciprocal for what they may stand for; nothing else reading in between, and a known "
    "shape",
    ensures="those operators are one LayerNormalization",
    mathematics="s (x - mean) / sqrt(variance + epsilon) + t; with k times the variance, as over n - 1 "
    "places, it is s / sqrt k and epsilon / k",
)
