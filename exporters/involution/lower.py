"""Replace every involution of a graph by the lowering that is chosen for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from exporters import graph
from exporters.involution import lowerings
from exporters.involution.after import following
from exporters.involution.base import UNFOLD, Involution
from exporters.involution.match import Site, sites
from exporters.lowerings.builder import Builder

if TYPE_CHECKING:
    import onnx_ir as ir

Chooser = Callable[[Involution], tuple[str, str]]
"""What decides for an involution: the name of a lowering that can be built for it, and why, in words."""


@dataclass(frozen=True)
class Lowered:
    """What became of one involution, as the manifest of an artifact tells it."""

    name: str
    channels: int
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    groups: int
    asked: str
    used: str
    reason: str

    @property
    def changed(self) -> bool:
        """Whether the graph is another than before."""
        return self.used != UNFOLD

    def to_json(self) -> dict[str, Any]:
        """Return the facts by name."""
        pairs = {name: list(getattr(self, name)) for name in ("size", "kernel", "stride")}
        return {**self.__dict__, **pairs}


def lower(model: "ir.Model", choose: Chooser, asked: str) -> list[Lowered]:
    """Return what became of each involution of `model`, in order; the graph is changed in place."""
    opset = model.graph.opset_imports.get("", 0)
    found = sites(model)
    chosen = [choose(site.op) for site in found]
    for site, (used, _) in reversed(list(zip(found, chosen, strict=True))):  # so that no x is replaced yet
        if used != UNFOLD:
            _replace(site, used, opset)
    graph.prune(model)
    return [_told(site, asked, *choice) for site, choice in zip(found, chosen, strict=True)]


def _replace(site: Site, used: str, opset: int) -> None:
    import onnx_ir as ir

    lowering, op, end = lowerings()[used], site.op, site.end
    assert lowering.build is not None
    if lowering.takes_after and (found := following(end)):
        op, end = replace(op, after=found[0]), found[1]
    y = lowering.build(Builder(site.node, f"{site.name}.{used}", opset), site.x, site.kernels, op)
    y.shape = ir.Shape(op.out_shape)
    graph.replace(end, y)


def _told(site: Site, asked: str, used: str, reason: str) -> Lowered:
    op = site.op
    return Lowered(
        site.name, op.shape[1], op.out, op.kernel, op.stride, op.groups, asked=asked, used=used, reason=reason
    )
