"""What a pass is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class Pass:
    """A rewrite of the graph in place that keeps its outputs to rounding.

    `apply` returns how many places it changed. `requires` says where it applies, `ensures` what holds of the
    graph afterwards; `mathematics` is why the outputs stay.
    """

    name: str
    apply: "Callable[[ir.Model], int]"
    requires: str
    ensures: str
    mathematics: str
