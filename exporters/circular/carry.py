"""What may be carried into a circular correlation: everything linear, per channel and level across it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import batch_norm, constant, dims, is_op, used_once

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class Affine:
    """v -> scale v + shift with scale (C,) and shift (C, N), float64, from `value` through `nodes`."""

    value: "ir.Value"
    scale: np.ndarray
    shift: np.ndarray
    nodes: "frozenset[ir.Node]" = field(default_factory=frozenset)


def upstream(value: "ir.Value", axis: int, inside: "set[ir.Node]", taken: "set[ir.Node]") -> Affine:
    """Return how `value` comes from the earliest value that only `inside` and what is carried needs."""
    found = _start(value, axis)
    while True:
        node = found.value.producer()
        readers = {use.node for use in found.value.uses()}
        if (
            node is None
            or node in taken
            or found.value.is_graph_output()
            or not readers <= inside | found.nodes
        ):
            return found
        step = _step(node, axis)
        if step is None:
            return found
        source, scale, shift = step
        found = Affine(
            source, found.scale * scale, found.scale[:, None] * shift + found.shift, found.nodes | {node}
        )


def downstream(value: "ir.Value", axis: int, taken: "set[ir.Node]") -> Affine:
    """Return what becomes of `value`, up to the latest value reached while nothing else reads one between."""
    found = _start(value, axis)
    while used_once(found.value):
        node = next(iter(found.value.uses())).node
        step = None if node in taken else _step(node, axis)
        if step is None or step[0] is not found.value:
            break
        _, scale, shift = step
        found = Affine(
            node.outputs[0], found.scale * scale, scale[:, None] * found.shift + shift, found.nodes | {node}
        )
    return found


def response(weight: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Return what a correlation by `weight`, (C, N) or (O, C, N), makes of `signal`, (C, N), in float64."""
    spectrum, heard = (np.fft.rfft(np.asarray(each, np.float64)) for each in (weight, signal))
    spectrum = spectrum.conj()
    met = spectrum * heard if weight.ndim == 2 else (spectrum * heard).sum(1)
    return np.fft.irfft(met, n=signal.shape[-1])


def _start(value: "ir.Value", axis: int) -> Affine:
    shape = dims(value)
    assert shape is not None
    return Affine(value, np.ones(shape[1]), np.zeros((shape[1], shape[axis])))


Step = tuple["ir.Value", np.ndarray, np.ndarray]


def _step(node: "ir.Node", axis: int) -> "Step | None":
    """Return (input, scale, shift) of a node that is affine per channel and along `axis`, else None."""
    shape = dims(node.outputs[0])
    if shape is None or len(shape) != 4:
        return None
    found = _normalized(node, axis) if is_op(node, "BatchNormalization") else _combined(node, axis)
    if found is None or dims(found[0]) != shape or not all(np.isfinite(part).all() for part in found[1:]):
        return None
    return found


def _normalized(node: "ir.Node", axis: int) -> "Step | None":
    found, shape, source = batch_norm(node), dims(node.outputs[0]), node.inputs[0]
    if found is None or shape is None or source is None:
        return None
    scale, shift = found
    return source, scale, np.repeat(shift[:, None], shape[axis], 1)


def _combined(node: "ir.Node", axis: int) -> "Step | None":
    if not is_op(node, *_OPERATORS):
        return None
    for place in (0, 1):
        source, array = node.inputs[1 - place], constant(node.inputs[place])
        shape = dims(node.outputs[0])
        if source is None or array is None or shape is None:
            continue
        values = _level(array, axis)
        if values is None:
            return None
        values = np.broadcast_to(values, (shape[1], shape[axis]))
        made = _OPERATORS[node.op_type](values, place)
        if made is None or (made[0] != made[0][:, :1]).any():
            return None
        return source, made[0][:, 0].astype(np.float64), made[1]
    return None


def _level(array: np.ndarray, axis: int) -> np.ndarray | None:
    """Return `array`, broadcast to (B, C, H, W), as (C or 1, N or 1) if it is the same over all else."""
    if array.ndim > 4 or array.dtype.kind != "f":
        return None
    whole = np.asarray(array, np.float64).reshape((1,) * (4 - array.ndim) + array.shape)
    for other in (0, 5 - axis):
        first = whole.take([0], other)
        if (whole != first).any():
            return None
        whole = first
    return whole.reshape(whole.shape[1], whole.shape[axis])


_Made = tuple[np.ndarray, np.ndarray] | None
_OPERATORS: dict[str, Callable[[np.ndarray, int], _Made]] = {
    "Add": lambda c, _place: (np.ones_like(c), c),
    "Sub": lambda c, place: (np.ones_like(c), -c) if place == 1 else (-np.ones_like(c), c),
    "Mul": lambda c, _place: (c, np.zeros_like(c)),
    "Div": lambda c, place: (1 / c, np.zeros_like(c)) if place == 1 and c.all() else None,
}
"""(scale, shift) of an operator with the constant c as its operand number `place`."""
