"""Nodes and constants for one lowering, put where the operator stood."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import add_constant, insert

if TYPE_CHECKING:
    import onnx_ir as ir


class Builder:
    """Adds nodes before the node `anchor`, named after `name`; `opset` is that of the graph."""

    def __init__(self, anchor: "ir.Node", name: str, opset: int) -> None:
        self._anchor, self._name, self._count = anchor, name, 0
        self._constants: dict[tuple[str, tuple[int, ...], bytes], ir.Value] = {}
        self.opset = opset

    def node(
        self, op_type: str, *inputs: "ir.Value | None", **attributes: int | float | str | list[int]
    ) -> "ir.Value":
        """Return the one output of a new node; no shape is set."""
        return insert(self._anchor, op_type, inputs, self._next(op_type), attributes)

    def split(self, value: "ir.Value", sizes: Sequence[int], axis: int) -> "list[ir.Value]":
        """Return the parts of `value` along `axis`, of these sizes."""
        import onnx_ir as ir

        name = self._next("Split")
        lengths = self.integers(sizes)
        node = ir.node("Split", [value, lengths], {"axis": axis}, num_outputs=len(sizes), name=name)
        for at, output in enumerate(node.outputs):
            output.name, output.type = f"{name}.{at}", value.type
        graph = self._anchor.graph
        assert graph is not None
        graph.insert_before(self._anchor, node)
        return list(node.outputs)

    def reshape(self, value: "ir.Value", *shape: int) -> "ir.Value":
        """Return `value` in another shape."""
        return self.node("Reshape", value, self.integers(shape))

    def transpose(self, value: "ir.Value", *perm: int) -> "ir.Value":
        """Return `value` with its axes in another order."""
        return self.node("Transpose", value, perm=list(perm))

    def floats(self, array: np.ndarray) -> "ir.Value":
        """Return a constant, rounded once to float32."""
        return self._constant(np.asarray(array, np.float32))

    def integers(self, values: "Sequence[int] | np.ndarray") -> "ir.Value":
        """Return a constant of int64."""
        return self._constant(np.asarray(values, np.int64))

    def _constant(self, array: np.ndarray) -> "ir.Value":
        """Return a constant, the same for the same numbers: chunks share their transforms."""
        key = (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest())
        if key not in self._constants:
            graph = self._anchor.graph
            assert graph is not None
            self._constants[key] = add_constant(graph, self._next("constant"), array)
        return self._constants[key]

    def _next(self, what: str) -> str:
        self._count += 1
        return f"{self._name}.{self._count}.{what.lower()}"
