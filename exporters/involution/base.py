"""What is lowered, an involution, and what a lowering of it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exporters.involution.after import After

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder

AUTO, UNFOLD = "auto", "unfold"


@dataclass(frozen=True)
class Involution:
    """An involution of (B, C, H, W): every pixel's window weighted by kernels of its own (arXiv:2103.06255).

    y[c, i, j] = sum over u, v of w[g(c), u, v, i, j] x[c, s i + d u - top, s j + d v - left], zeros outside,
    where g(c) = c // (C / groups) and y is (B, C, *`out`). `kernel`, `stride` and `dilation` are (rows,
    columns); `pads` are the zeros (top, left, bottom, right) that the windows reach, no more. `after` is what
    a lowering that takes it does to y as well; None where there is nothing, and for any other lowering.
    """

    shape: tuple[int, int, int, int]
    groups: int
    kernel: tuple[int, int]
    out: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    after: After | None = field(default=None, compare=False)

    @property
    def taps(self) -> int:
        """The number of places in a window."""
        return self.kernel[0] * self.kernel[1]

    @property
    def members(self) -> int:
        """The number of channels that share their kernels."""
        return self.shape[1] // self.groups

    @property
    def places(self) -> int:
        """The number of pixels of y."""
        return self.out[0] * self.out[1]

    @property
    def padded(self) -> tuple[int, int]:
        """The height and width of x with its zeros."""
        top, left, bottom, right = self.pads
        return self.shape[2] + top + bottom, self.shape[3] + left + right

    @property
    def out_shape(self) -> tuple[int, int, int, int]:
        """The shape of y."""
        return (*self.shape[:2], *self.out)

    @property
    def grouped(self) -> tuple[int, int, int, int, int]:
        """The shape of y with its channels as (groups, members)."""
        return (self.shape[0], self.groups, self.members, *self.out)

    def chunks(self, values: int, largest: int) -> int:
        """Return how many chunks the groups make: each at most `largest` of all `values`, or one group."""
        parts = (count for count in range(1, self.groups + 1) if self.groups % count == 0)
        return next(count for count in parts if count == self.groups or values // count <= largest)


@dataclass(frozen=True)
class Lowering:
    """One way to write an `Involution` in ONNX operators, equal to rounding.

    `build` adds its nodes through a `Builder`, given x (B, C, H, W) and the kernels, and returns y; None
    leaves the nodes as they stand. `refusal` returns why it cannot be built for an involution, in words that
    go after "because"; None when it can. `work` returns its multiplications, those by zero too. `takes_after`
    is whether it does what follows y as well, `Involution.after`.
    """

    name: str
    mathematics: str
    build: "Callable[[Builder, ir.Value, Kernels, Involution], ir.Value] | None"
    refusal: Callable[[Involution], str | None] = lambda _op: None
    work: Callable[[Involution], int] = lambda op: op.taps * op.shape[0] * op.shape[1] * op.places
    takes_after: bool = False
