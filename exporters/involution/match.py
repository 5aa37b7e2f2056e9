"""Find involutions: sums of windows of a map times kernels of each pixel, in whatever form they are written.

The operators between the map and the sum only move elements, so where each element comes from is read off
exactly, as an array of places. An involution is recognised by these places alone, not by a list of forms.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import constant, dims, producer, used_once
from exporters.involution.base import Involution
from exporters.involution.kernels import Kernels
from exporters.involution.sums import Sum, sum_of
from exporters.involution.trace import moved, source

if TYPE_CHECKING:
    import onnx_ir as ir

MOST = 2**26
"""The most products of one sum whose places are read: their arrays take a gigabyte."""


@dataclass(frozen=True, eq=False)
class Site:
    """An involution in a graph: `x` and the kernels come in, `end` is what is replaced, `node` the sum."""

    name: str
    op: Involution
    x: "ir.Value"
    kernels: Kernels
    end: "ir.Value"
    node: "ir.Node"


def sites(model: "ir.Model") -> list[Site]:
    """Return the involutions of `model` in the graph's order; it is not changed.

    Each is a ReduceSum of a Mul, an Einsum or a MatMul of windows, made by Gather, Slice and Concat of a map
    (B, C, H, W) or of its Pad by zeros, with kernels that vary from pixel to pixel and are shared by
    consecutive channels, each of all window places once. Kernels of a single place, and sums of over `MOST`
    products, are left alone.
    """
    found = []
    for number, node in enumerate(model.graph):
        total = sum_of(node)
        if total is not None:
            site = _site(total, node, number)
            found += [] if site is None else [site]
    return found


def _site(total: Sum, node: "ir.Node", number: int) -> Site | None:
    for swapped, (windows, weights) in enumerate(((total.first, total.second), (total.second, total.first))):
        cuts: list[str] = []
        root, kernels = source(windows, cuts), source(weights)
        if not cuts or len(dims(root) or ()) != 4 or total.size() > MOST:
            continue
        places = moved(windows, root), moved(weights, kernels)
        if places[0] is None or places[1] is None:
            continue
        given = (places[1], places[0]) if swapped else (places[0], places[1])
        pair = total.pairs(*given)
        window, weight = (pair[1], pair[0]) if swapped else pair
        end = total.out
        while True:
            site = _read(end, total.out, root, kernels, window, weight, node, number)
            if site is not None:
                return site
            later = _onward(end)
            if later is None:
                break
            end = later
    return None


def _onward(value: "ir.Value") -> "ir.Value | None":
    """Return what `value` is moved to, where nothing else reads it."""
    if not used_once(value):
        return None
    node = next(iter(value.uses())).node
    out = node.outputs[0]
    return out if node.inputs[0] is value and source(out) is not out and dims(out) is not None else None


def _read(
    end: "ir.Value",
    out: "ir.Value",
    root: "ir.Value",
    kernels: "ir.Value",
    window: np.ndarray,
    weight: np.ndarray,
    node: "ir.Node",
    number: int,
) -> Site | None:
    """Return the involution whose output is `end`, None where it is none."""
    shape, held = dims(end), dims(root)
    order = moved(end, out)
    if shape is None or held is None or order is None or len(shape) != 4 or shape[:2] != held[:2]:
        return None
    if order.size != len(window) or window.shape[1] < 2:
        return None
    at = order.ravel()
    identity = bool((at == np.arange(len(at))).all())
    taken, weights = ((each if identity else each[at]).reshape(*shape, -1) for each in (window, weight))
    geometry = _geometry(taken, held)
    if geometry is None:
        return None
    first, kernel, stride, dilation, canonical = geometry
    found = _weights(weights[..., canonical], kernels)
    if found is None:
        return None
    where, channels, last = found
    x, before = _unpadded(root)
    size = dims(x)
    assert size is not None
    ends = [
        a + s * (n - 1) + d * (k - 1)
        for a, s, n, d, k in zip(first, stride, shape[2:], dilation, kernel, strict=True)
    ]
    top, left = before[0] - first[0], before[1] - first[1]
    bottom, right = (max(0, end_ - b - n + 1) for end_, b, n in zip(ends, before, size[2:], strict=True))
    if min(top, left) < 0:
        return None
    op = Involution((*size,), len(where), kernel, (*shape[2:],), stride, dilation, (top, left, bottom, right))  # type: ignore[arg-type]
    own = len({id(use.node) for use in kernels.uses()}) == 1 and not kernels.is_graph_output()
    made = Kernels(kernels, shape[0], channels, op.out, where, last, own)
    return Site(end.name or f"involution.{number}", op, x, made, end, node)


def _geometry(taken: np.ndarray, held: tuple[int, ...]):
    """Return first place, kernel, stride, dilation and the order of taps row by row, None if no window."""
    batch, channels, high, wide = held
    maps = np.arange(batch * channels, dtype=taken.dtype).reshape(batch, channels, 1, 1, 1) * (high * wide)
    one = taken[0, 0]
    if (taken != one + maps).any():
        return None
    rows, columns = np.divmod(one, wide)
    count = one.shape[:2]
    stride = (
        int(rows[1, 0, 0] - rows[0, 0, 0]) if count[0] > 1 else 1,
        int(columns[0, 1, 0] - columns[0, 0, 0]) if count[1] > 1 else 1,
    )
    lines = np.arange(count[0])[:, None, None] * stride[0], np.arange(count[1])[None, :, None] * stride[1]
    if (
        min(stride) < 1
        or (rows != rows[0, 0] + lines[0]).any()
        or (columns != columns[0, 0] + lines[1]).any()
    ):
        return None
    spread = [np.unique(each[0, 0]) for each in (rows, columns)]
    kernel = len(spread[0]), len(spread[1])
    steps = [np.unique(np.diff(each)) for each in spread]
    if max(map(len, steps)) > 1 or kernel[0] * kernel[1] != one.shape[2]:
        return None
    canonical = np.lexsort((columns[0, 0], rows[0, 0]))
    ordered = np.stack((rows[0, 0], columns[0, 0]), 1)[canonical]
    if len(np.unique(ordered, axis=0)) != len(ordered):
        return None
    dilation = tuple(int(step[0]) if len(step) else 1 for step in steps)
    return (int(spread[0][0]), int(spread[1][0])), kernel, stride, dilation, canonical


def _weights(weights: np.ndarray, kernels: "ir.Value") -> tuple[np.ndarray, int, bool] | None:
    """Return (groups, taps) channels, how many there are and whether they come last; None if not by pixel."""
    batch, members, high, wide, _ = weights.shape
    total = int(np.prod(dims(kernels) or (0,)))
    pixels = high * wide
    channels, rest = divmod(total, batch * pixels)
    if rest:
        return None
    here = np.arange(pixels).reshape(1, 1, high, wide, 1)
    image = np.arange(batch).reshape(batch, 1, 1, 1, 1)
    first = weights[0, :, 0, 0, :]
    for last in (False, True):
        channel = first if last else first // pixels
        place = (image * pixels + here) * channels if last else image * channels * pixels + here
        scaled = channel if last else channel * pixels
        if channel.max() < channels and (weights == scaled[None, :, None, None, :] + place).all():
            return _shared(channel, members, channels, last)
    return None


def _shared(channel: np.ndarray, members: int, channels: int, last: bool):
    groups = 1 + int((channel[1:] != channel[:-1]).any(1).sum())
    if members % groups:
        return None
    where = channel[:: members // groups]
    return (where, channels, last) if (np.repeat(where, members // groups, 0) == channel).all() else None


def _unpadded(root: "ir.Value") -> "tuple[ir.Value, tuple[int, int]]":
    """Return what `root` pads by zeros, and the rows and columns before it; itself where it is no such Pad."""
    node = producer(root, "Pad")
    given = None if node is None else node.inputs[0]
    if node is None or given is None or len(dims(given) or ()) != 4:
        return root, (0, 0)
    mode, pads = node.attributes.get("mode"), constant(node.inputs[1])
    filled = node.inputs[2] if len(node.inputs) > 2 else None
    level = constant(filled) if filled is not None else np.zeros(1)
    axes = constant(node.inputs[3]) if len(node.inputs) > 3 and node.inputs[3] is not None else np.arange(4)
    if (mode is not None and mode.as_string() != "constant") or pads is None or level is None or axes is None:
        return root, (0, 0)
    widths = np.zeros((2, 4), int)
    widths[:, axes] = pads.reshape(2, -1)
    if level.any() or widths[:, :2].any() or widths.min() < 0:
        return root, (0, 0)
    return given, (int(widths[0, 2]), int(widths[0, 3]))
