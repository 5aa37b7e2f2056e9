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
        held, taken = moved(windows, root), moved(weights, kernels)
        if held is None or taken is None:
            continue
        if swapped:
            taken, held = total.pairs(taken, held)
        else:
            held, taken = total.pairs(held, taken)
        end: ir.Value | None = total.out
        while end is not None:
            order = moved(end, total.out)
            found = None if order is None else _read(_Places(end, root, kernels, order, held, taken))
            if found is not None:
                return Site(end.name or f"involution.{number}", *found, end, node)
            end = _onward(end)
    return None


def _onward(value: "ir.Value") -> "ir.Value | None":
    """Return what `value` is moved to, where nothing else reads it."""
    if not used_once(value):
        return None
    node = next(iter(value.uses())).node
    out = node.outputs[0]
    return out if node.inputs[0] is value and source(out) is not out and dims(out) is not None else None


@dataclass(frozen=True, eq=False)
class _Places:
    """What `end` holds: element e is the sum over s of root[windows[e, s]] kernels[weights[e, s]]."""

    end: "ir.Value"
    root: "ir.Value"
    kernels: "ir.Value"
    order: np.ndarray
    windows: np.ndarray
    weights: np.ndarray

    def ordered(self, places: np.ndarray) -> np.ndarray:
        """Return `places` in the shape of `end`, and of the sum."""
        at = self.order.ravel()
        straight = bool((at == np.arange(len(at))).all())
        return (places if straight else places[at]).reshape(*self.order.shape, -1)


def _read(places: _Places) -> "tuple[Involution, ir.Value, Kernels] | None":
    """Return the involution with its x and its kernels, None where `places` are none."""
    shape, held = places.order.shape, dims(places.root)
    if held is None or len(shape) != 4 or shape[:2] != held[:2] or places.windows.shape[1] < 2:
        return None
    if places.order.size != len(places.windows):
        return None
    window = _window(places.ordered(places.windows), held)
    if window is None:
        return None
    found = _weights(places.ordered(places.weights)[..., window.order], places.kernels)
    x, zeros = _unpadded(places.root)
    size = dims(x)
    if found is None or size is None:
        return None
    pads = window.pads((shape[2], shape[3]), (size[2], size[3]), zeros)
    if min(pads) < 0:
        return None
    where, channels, last = found
    batch, members, high, wide = shape[0], shape[1], shape[2], shape[3]
    op = Involution(
        (batch, members, size[2], size[3]),
        len(where),
        window.kernel,
        (high, wide),
        window.stride,
        window.dilation,
        pads,
    )
    readers = {id(use.node) for use in places.kernels.uses()}
    own = len(readers) == 1 and not places.kernels.is_graph_output()
    return op, x, Kernels(places.kernels, batch, channels, op.out, where, last, own)


@dataclass(frozen=True, eq=False)
class _Window:
    """Windows over a map: where the first begins, and in which order their places are row by row."""

    start: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    order: np.ndarray

    def pads(
        self, out: tuple[int, int], size: tuple[int, int], zeros: tuple[int, int]
    ) -> tuple[int, int, int, int]:
        """Return (top, left, bottom, right), what windows for `out` reach beyond `size`.

        `zeros` are the rows and columns that stand before the map.
        """
        before = [zeros[axis] - self.start[axis] for axis in (0, 1)]
        after = []
        for axis in (0, 1):
            reach = self.stride[axis] * (out[axis] - 1) + self.dilation[axis] * (self.kernel[axis] - 1)
            after.append(max(0, reach + 1 - before[axis] - size[axis]))
        return before[0], before[1], after[0], after[1]


def _window(taken: np.ndarray, held: tuple[int, ...]) -> _Window | None:
    """Return the windows that `taken`, (B, C, H', W', T) places of a map `held`, are; None for others."""
    batch, channels, high, wide = held
    maps = np.arange(batch * channels, dtype=taken.dtype).reshape(batch, channels, 1, 1, 1) * (high * wide)
    one = taken[0, 0]
    if (taken != one + maps).any():
        return None
    lines = [_line(each) for each in (one // wide, (one % wide).swapaxes(0, 1))]
    rows, columns = lines
    if rows is None or columns is None or rows.count * columns.count != one.shape[2]:
        return None
    order = np.lexsort((columns.first, rows.first))
    places = np.stack((rows.first, columns.first), 1)
    if len(np.unique(places, axis=0)) != len(places):
        return None
    return _Window(
        (rows.start, columns.start),
        (rows.count, columns.count),
        (rows.stride, columns.stride),
        (rows.dilation, columns.dilation),
        order,
    )


@dataclass(frozen=True, eq=False)
class _Line:
    """Windows along one axis; `first` holds the place of each tap in the first window."""

    first: np.ndarray
    start: int
    count: int
    stride: int
    dilation: int


def _line(places: np.ndarray) -> _Line | None:
    """Return the windows along the first axis of `places`, (N, M, T); None where not evenly spaced."""
    first = places[0, 0]
    stride = int(places[1, 0, 0] - first[0]) if len(places) > 1 else 1
    steps = stride * np.arange(len(places))[:, None, None]
    if stride < 1 or (places != first + steps).any():
        return None
    spread = np.unique(first)
    apart = np.unique(np.diff(spread))
    if len(apart) > 1:
        return None
    dilation = int(apart[0]) if len(apart) else 1
    return _Line(first, int(spread[0]), len(spread), stride, dilation)


def _weights(weights: np.ndarray, kernels: "ir.Value") -> tuple[np.ndarray, int, bool] | None:
    """Return the channel of `kernels` for each (group, tap), how many there are and whether they come last.

    `weights` are (B, C, H', W', T) places of `kernels`; None where these do not hold one map for each tap.
    """
    batch, _, high, wide, _ = weights.shape
    pixels = high * wide
    channels, rest = divmod(int(np.prod(dims(kernels) or (0,))), batch * pixels)
    if rest:
        return None
    here = np.arange(pixels).reshape(1, 1, high, wide, 1)
    image = np.arange(batch).reshape(batch, 1, 1, 1, 1)
    first = weights[0, :, 0, 0, :]
    for last in (False, True):
        channel = first if last else first // pixels
        place = (image * pixels + here) * channels if last else image * channels * pixels + here
        along = channel if last else channel * pixels
        if channel.max() < channels and (weights == along[None, :, None, None, :] + place).all():
            where = _shared(channel)
            return None if where is None else (where, channels, last)
    return None


def _shared(channel: np.ndarray) -> np.ndarray | None:
    """Return (groups, taps) of (C, T) where runs of equal length are the same; None where they are not."""
    groups = 1 + int((channel[1:] != channel[:-1]).any(1).sum())
    if len(channel) % groups:
        return None
    members = len(channel) // groups
    where = channel[::members]
    return where if (np.repeat(where, members, 0) == channel).all() else None


def _unpadded(root: "ir.Value") -> "tuple[ir.Value, tuple[int, int]]":
    """Return what `root` pads by zeros and the rows and columns before it; itself where it is no such Pad."""
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
