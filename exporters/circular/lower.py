"""Replace every circular correlation of a graph by the lowering that is chosen for it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from exporters import graph
from exporters.circular.match import Site, sites
from exporters.lowerings import lowerings
from exporters.lowerings.base import SPATIAL
from exporters.lowerings.builder import Builder
from exporters.lowerings.chunks import chunked
from exporters.lowerings.name import AUTO, HELD, Choice, Chooser, Decision, parse
from exporters.lowerings.nearest import ASKED, nearest
from exporters.lowerings.spatial import level
from exporters.passes.pointwise_matmul import MARK, MATMUL

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class Lowered:
    """What became of one circular correlation, as the manifest of an artifact tells it."""

    name: str
    axis: str
    length: int
    other: int
    channels: tuple[int, int]
    dense: bool
    neighbours: str
    asked: str
    used: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the facts by name."""
        return {**self.__dict__, "channels": list(self.channels)}


def lower(model: "ir.Model", choose: Chooser, asked: str = "auto") -> list[Lowered]:
    """Return what became of each circular correlation of `model`, in order; the graph is changed in place.

    `spatial`, where it was `asked` for, leaves the nodes as they are, unless what wraps the input is not in
    every runtime (Pad mode=wrap); where it was chosen, it is written anew if that saves nodes around it. A
    choice that an operator does not allow becomes the nearest that it does. The 1x1 convolutions beside an
    operator whose choice says so are noted for the pass `pointwise_matmul`.
    """
    found = sites(model)
    decided = _agreed(found, [_decided(site, choose, site.neighbours) for site in found], choose)
    opset = model.graph.opset_imports.get("", 0)
    last_first = reversed(list(zip(found, decided, strict=True)))  # so that no source is replaced yet
    for site, decision in last_first:
        if not (_is_spatial(decision.choice) and _stays(site, asked)):
            _replace(site, decision.choice, opset)
        if decision.choice.pointwise == "matmul":
            for node in (*site.before, *site.after):
                node.metadata_props[MARK] = MATMUL
    graph.prune(model)
    return [_told(site, decision, asked) for site, decision in zip(found, decided, strict=True)]


def _agreed(found: list[Site], decided: list[Decision], choose: Chooser) -> list[Decision]:
    """Return `decided`, in which operators beside the same 1x1 convolution agree on how that is written.

    Where they do not, the convolutions stay, and those that wanted products get what is best beside them.
    """
    products = {at for at, decision in enumerate(decided) if decision.choice.pointwise == "matmul"}
    lost = products
    while lost:
        kept = {id(node) for at, site in enumerate(found) if at not in products for node in _beside(site)}
        lost = {at for at in products if any(id(node) in kept for node in _beside(found[at]))}
        products = products - lost
    return [
        decision
        if at in products or decision.choice.pointwise != "matmul"
        else _held(_decided(found[at], choose, HELD))
        for at, decision in enumerate(decided)
    ]


def _held(decision: Decision) -> Decision:
    """Return `decision` with the convolutions beside it kept; one asked for by name does not know of them."""
    reason = f"{decision.reason}; another operator keeps the 1x1 convolution beside it"
    return Decision(replace(decision.choice, pointwise="conv"), reason)


def _beside(site: Site) -> "tuple[ir.Node, ...]":
    return (*site.before, *site.after)


def _decided(site: Site, choose: Chooser, neighbours: str) -> Decision:
    """Return what is chosen for `site` between such `neighbours`, and can be built there."""
    decision = choose(site.op, neighbours)
    possible = nearest(site.op, decision.choice)
    if possible.choice != decision.choice:
        reasons = [reason for reason in (decision.reason, possible.reason) if reason != ASKED]
        decision = Decision(possible.choice, "; ".join(reasons))
    if decision.choice.pointwise == "matmul" and not site.before and not site.after:
        reason = f"{decision.reason}; no 1x1 convolution beside it"
        decision = Decision(replace(decision.choice, pointwise="conv"), reason)
    return decision


def _is_spatial(choice: Choice) -> bool:
    return choice.lowering == SPATIAL and choice.chunk is None


def _stays(site: Site, asked: str) -> bool:
    """Tell whether the spatial form is left as it stands in the graph."""
    published = asked != AUTO and _is_spatial(parse(asked))
    return site.plain and (published or site.carried <= (0 if level(site.op) else 1))


def _replace(site: Site, choice: Choice, opset: int) -> None:
    import onnx_ir as ir

    chosen = lowerings()[choice.lowering]
    builder = Builder(site.conv, f"{site.name}.{choice.lowering}", opset)
    if choice.chunk is None:
        y = chosen.build(builder, site.source, site.op, choice.factor)
    else:
        y = chunked(builder, site.source, site.op, chosen, choice.factor, choice.chunk)
    y.shape = ir.Shape(site.op.out_shape)
    graph.replace(site.end, y)


def _told(site: Site, decision: Decision, asked: str) -> Lowered:
    op = site.op
    return Lowered(
        name=site.name,
        axis=op.axis,
        length=op.length,
        other=op.other,
        channels=op.channels,
        dense=op.dense,
        neighbours=site.neighbours,
        asked=asked,
        used=decision.choice.text,
        reason=decision.reason,
    )
