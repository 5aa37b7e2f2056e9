"""Find every circular correlation of a graph, with what can be carried into it and what stands beside it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporters.circular.carry import downstream, response, upstream
from exporters.circular.neighbours import Passage, convolutions
from exporters.circular.wrap import wrapped
from exporters.graph import bias_of, constant, dims, integer, ints, is_op
from exporters.lowerings.base import AXES, Circular

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True, eq=False)
class Site:
    """A circular correlation of a graph: `op` makes `end` of `source`, and `conv` is its convolution.

    `before` and `after` are the 1x1 convolutions that it is reached from and that it reaches. `plain` is
    whether its input is wrapped by Slice and Concat alone, which every runtime has.
    """

    name: str
    op: Circular
    source: "ir.Value"
    end: "ir.Value"
    conv: "ir.Node"
    before: "tuple[ir.Node, ...]"
    after: "tuple[ir.Node, ...]"
    plain: bool
    carried: int

    @property
    def neighbours(self) -> str:
        """ "conv" between 1x1 convolutions, else "none"."""
        return "conv" if self.before and self.after else "none"


@dataclass(frozen=True)
class _Found:
    op: Circular
    source: "ir.Value"
    end: "ir.Value"
    conv: "ir.Node"
    nodes: "set[ir.Node]"
    plain: bool
    carried: int


def sites(model: "ir.Model") -> list[Site]:
    """Return the circular correlations of `model` in the graph's order; it is not changed.

    Each is a Conv as long as its axis, valid, stride 1, depthwise or dense with constant weights, over an
    input that wraps around (`wrapped`). Carried in are the Add, Sub, Mul, Div by constants and the
    BatchNormalization around it that vary by channel and, if added, along its axis, where nothing else reads
    what lies between.
    """
    taken: set[ir.Node] = set()
    found: list[_Found] = []
    for node in model.graph:
        one = _found(node, taken) if is_op(node, "Conv") else None
        if one is not None:
            found.append(one)
            taken |= one.nodes
    names = _names([one.conv for one in found])
    passages = [Passage(one.source, one.end, one.conv, one.nodes) for one in found]
    return [
        Site(
            name=name,
            op=one.op,
            source=one.source,
            end=one.end,
            conv=one.conv,
            before=convolutions(one.source, passages, up=True),
            after=convolutions(one.end, passages, up=False),
            plain=one.plain,
            carried=one.carried,
        )
        for name, one in zip(names, found, strict=True)
    ]


def _names(convs: "list[ir.Node]") -> list[str]:
    """Return a name for each: the place of its weight in the module where that is known, and none twice."""
    names: list[str] = []
    for number, conv in enumerate(convs):
        path = (conv.inputs[1].name or "") if conv.inputs[1] is not None else ""
        name = path.removesuffix(".weight") if "." in path else conv.outputs[0].name or "circular"
        names.append(f"{name}.{number}" if name in names else name)
    return names


def _found(conv: "ir.Node", taken: "set[ir.Node]") -> _Found | None:
    axis, weight, fed = along(conv), constant(conv.inputs[1]), conv.inputs[0]
    bias = bias_of(conv)
    if axis is None or weight is None or bias is None or fed is None or weight.dtype != np.float32:
        return None
    channels = (dims(fed) or (0, 0))[1]
    group, dense = integer(conv, "group", 1), weight.shape[1] == channels and channels > 1
    if not (group == channels == weight.shape[0] or (dense and group == 1)):
        return None
    place, length = AXES[axis], max(weight.shape[2:])
    circle = wrapped(fed, place, length)
    if circle is None or (dims(conv.outputs[0]) or ())[place : place + 1] != (length,):
        return None
    root, start, nodes = circle
    plain = all(is_op(node, "Slice", "Concat") for node in nodes)
    nodes = nodes | {conv}
    taps = np.asarray(weight, np.float64).reshape(*weight.shape[:2], length)
    taps = np.roll(taps if dense else taps[:, 0], start, -1)
    early = upstream(root, place, nodes, taken)
    late = downstream(conv.outputs[0], place, taken)
    shape = dims(early.value)
    assert shape is not None
    batch, _, height, width = shape
    scaled = taps * (early.scale[:, None] if taps.ndim == 2 else early.scale[None, :, None])
    scaled = scaled * late.scale.reshape(-1, *[1] * (taps.ndim - 1))
    shift = (
        late.scale[:, None] * (response(taps, early.shift) + bias.astype(np.float64)[:, None]) + late.shift
    )
    op = Circular(axis, (batch, channels, height, width), scaled, shift if shift.any() else None)
    around = early.nodes | late.nodes
    return _Found(op, early.value, late.value, conv, nodes | around, plain, len(around))


def along(conv: "ir.Node") -> str | None:
    """Return "h" or "w" when `conv` is valid, of stride 1 and long along that axis alone, else None."""
    weight, pad = constant(conv.inputs[1]), conv.attributes.get("auto_pad")
    if weight is None or weight.ndim != 4 or min(weight.shape[2:]) != 1 or max(weight.shape[2:]) < 2:
        return None
    plain = set(ints(conv, "strides", (1,))) | set(ints(conv, "dilations", (1,))) == {1}
    automatic = pad.as_string() if pad is not None else "NOTSET"
    if not plain or automatic not in ("NOTSET", "VALID"):
        return None
    if automatic == "NOTSET" and set(ints(conv, "pads", (0,))) != {0}:
        return None
    return "h" if weight.shape[2] > 1 else "w"
