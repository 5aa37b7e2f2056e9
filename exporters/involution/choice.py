"""Which lowering an involution becomes on each target, where that is left to `auto`."""

from dataclasses import dataclass

from exporters.involution import lowerings
from exporters.involution.base import AUTO, UNFOLD, Involution
from exporters.involution.lower import Chooser
from exporters.involution.name import check


@dataclass(frozen=True)
class Rule:
    """`lowering` on `targets` (None: all).

    At least: `members` channels in a group, `width` columns of a window times channels of a group, `pixels`
    pixels of a map for each place of a window.
    """

    lowering: str
    why: str
    targets: tuple[str, ...] | None = None
    members: int = 1
    width: int = 1
    pixels: int = 0

    def holds(self, op: Involution, target: str) -> bool:
        """Tell whether the rule speaks of `op` on `target`, and its lowering can be built there."""
        speaks = self.targets is None or target in self.targets
        wide = op.members >= self.members and op.kernel[1] * op.members >= self.width
        large = op.shape[2] * op.shape[3] >= self.pixels * op.taps
        return speaks and wide and large and lowerings()[self.lowering].refusal(op) is None


RULES = (
    Rule(
        "tiled",
        "products of matrices that are half weights, channels last, chunks stay in a cache",
        ("onnxruntime", "portable"),
        width=28,
    ),
    Rule("flat_slices", "each tap copies one run of memory, chunks stay in a cache", ("onnxruntime",)),
    Rule(
        "flat_pixels",
        "one weight for a vector of channels, shifts are views of one buffer",
        ("openvino",),
        members=16,
        pixels=3,
    ),
    Rule("banded", "small map: one matrix product for a group"),
    Rule("flat_views", "shifts are views of one buffer, sums compiled into few loops", ("openvino",)),
    Rule("two_level_mac", "short chains of products and sums"),
)
"""The first that holds decides; the last holds always (`make bench-involution`). TensorRT was not run."""


def chooser(asked: str, target: str) -> Chooser:
    """Return what decides for each involution of a graph for `target`: `asked`, or by `RULES` for "auto".

    A lowering that was asked for and cannot be built for one involution leaves that one unfolded. InputError
    for a name that there is not.
    """
    check(asked)
    return (lambda op: _by_rule(op, target)) if asked == AUTO else (lambda op: _by_name(op, asked))


def _by_rule(op: Involution, target: str) -> tuple[str, str]:
    found = next(rule for rule in RULES if rule.holds(op, target))
    return found.lowering, found.why


def _by_name(op: Involution, asked: str) -> tuple[str, str]:
    why = lowerings()[asked].refusal(op)
    return (asked, "asked for") if why is None else (UNFOLD, f"not {asked}, because {why}")
