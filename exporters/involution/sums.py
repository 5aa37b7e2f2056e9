"""Sums of products of two values, in the operators that write them, as two arrays of places side by side."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import constant, dims, is_op, producer, used_once

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class Sum:
    """`out`[e] = sum over s of first[e, s] second[e, s], for the elements e of `out`.

    `labels` name the axes of `first`, of `second` and of `out`; those that `out` lacks are summed. An axis of
    size 1 stretches to that of its partner.
    """

    first: "ir.Value"
    second: "ir.Value"
    out: "ir.Value"
    labels: tuple[str, str, str]

    def size(self) -> int:
        """Return the number of products."""
        return int(np.prod(list(self._sizes().values())))

    def pairs(self, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both, in the shapes of the operands, as arrays (elements of `out`, summed)."""
        sizes, kept = self._sizes(), self.labels[2]
        summed = "".join(label for label in sizes if label not in kept)
        shape = tuple(sizes[label] for label in kept + summed)
        flat = (int(np.prod([sizes[label] for label in kept])), -1)
        made = []
        for array, labels in zip((first, second), self.labels[:2], strict=True):
            order = [labels.index(label) for label in kept + summed if label in labels]
            wide = tuple(label in labels for label in kept + summed)
            sides = iter(array.transpose(order).shape)
            spread = array.transpose(order).reshape([next(sides) if there else 1 for there in wide])
            made.append(np.broadcast_to(spread, shape).reshape(flat))
        return made[0], made[1]

    def _sizes(self) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for value, labels in zip((self.first, self.second), self.labels[:2], strict=True):
            for label, size in zip(labels, dims(value) or (), strict=True):
                sizes[label] = max(size, sizes.get(label, 1))
        return sizes


def sum_of(node: "ir.Node") -> Sum | None:
    """Return the sum of products that `node` ends: ReduceSum of a Mul, Einsum, MatMul; None for another."""
    if any(dims(value) is None for value in (*node.inputs[:1], *node.outputs)):
        return None
    if is_op(node, "ReduceSum"):
        return _reduced(node)
    if is_op(node, "MatMul"):
        return _product(node)
    return _einsum(node) if is_op(node, "Einsum") else None


_LETTERS = "abcdefghijklm"


def _reduced(node: "ir.Node") -> Sum | None:
    mul = producer(node.inputs[0], "Mul")
    axes = constant(node.inputs[1]) if len(node.inputs) > 1 else None
    if mul is None or axes is None or not used_once(mul.outputs[0]):
        return None
    rank = len(dims(mul.outputs[0]) or ())
    letters = _LETTERS[:rank]
    gone = {letters[int(axis)] for axis in axes.ravel()}
    out = "".join(letter for letter in letters if letter not in gone)
    return _checked(mul, node.outputs[0], letters, letters, out)


def _product(node: "ir.Node") -> Sum | None:
    ranks = [len(dims(value) or ()) for value in node.inputs]
    if min(ranks) < 2:
        return None
    stem = _LETTERS[: max(ranks) - 2]
    first, second = (stem[len(stem) - rank + 2 :] for rank in ranks)
    return _checked(node, node.outputs[0], f"{first}xy", f"{second}yz", f"{stem}xz")


def _einsum(node: "ir.Node") -> Sum | None:
    attribute = node.attributes.get("equation")
    text = "" if attribute is None else attribute.as_string().replace(" ", "")
    operands, arrow, out = text.partition("->")
    parts = operands.split(",")
    plain = arrow and len(parts) == 2 and "." not in text
    if not plain or any(len(set(labels)) < len(labels) for labels in (*parts, out)):
        return None
    return _checked(node, node.outputs[0], parts[0], parts[1], out)


def _checked(node: "ir.Node", out: "ir.Value", first: str, second: str, kept: str) -> Sum | None:
    """Return the sum of what `node` multiplies, where both are computed and have as many axes as labels."""
    one, other = node.inputs[0], node.inputs[1]
    if one is None or other is None or constant(one) is not None or constant(other) is not None:
        return None
    ranks = [len(dims(value) or ()) for value in (one, other)]
    labels = [each[len(each) - rank :] for each, rank in zip((first, second), ranks, strict=True) if rank]
    if [len(each) for each in labels] != ranks:
        return None
    return Sum(one, other, out, (labels[0], labels[1], kept))
