"""What is lowered, a circular correlation along one axis, and what a lowering of it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder

AXES = {"h": 2, "w": 3}
"""The axes by name, as places in (N, C, H, W)."""

SPATIAL, LITERAL, FOURIER, CIRCULANT = "spatial", "literal", "fourier", "circulant"
FAMILIES = (SPATIAL, LITERAL, FOURIER, CIRCULANT)
"""How a lowering computes: a long convolution; ONNX's DFT operator; a discrete Fourier transform, whole or
over one factor of the length, written as products of real matrices; or the circulant matrix itself."""


@dataclass(frozen=True, eq=False)
class Circular:
    """A circular correlation of (B, C, H, W) along `axis`, whose length is N; everything known in float64.

    y[o, i] = shift[o, i] + sum over c and k of weight[o, c, k] x[c, (i + k) mod N], at each place of the
    other axis (Zhang et al., ParC-Net, arXiv:2203.03952, eq. 1-2: wrap-around, no flip, tap 0 at output 0).
    `weight` is (C, N) depthwise, where c = o alone takes part, or (O, C, N) dense. `shift` is (O, N):
    position embedding, biases and norms carried through the product; None where there is none.
    """

    axis: str
    shape: tuple[int, int, int, int]
    weight: np.ndarray
    shift: np.ndarray | None = None

    @property
    def dense(self) -> bool:
        """Whether every output channel reads every input channel."""
        return self.weight.ndim == 3

    @property
    def length(self) -> int:
        """N: the size of the axis, and the number of taps."""
        return self.shape[AXES[self.axis]]

    @property
    def other(self) -> int:
        """The size of the axis along which nothing mixes."""
        return self.shape[5 - AXES[self.axis]]

    @property
    def channels(self) -> tuple[int, int]:
        """The input and the output channels."""
        return self.shape[1], self.weight.shape[0]

    @property
    def out_shape(self) -> tuple[int, int, int, int]:
        """The shape of y."""
        return (self.shape[0], self.weight.shape[0], *self.shape[2:])

    def part(self, start: int, stop: int) -> "Circular":
        """Return the same along channels `start` to `stop` alone; a depthwise one only."""
        if self.dense:
            raise ValueError("a dense correlation has no parts by channel")
        shift = None if self.shift is None else self.shift[start:stop]
        return Circular(
            self.axis, (self.shape[0], stop - start, *self.shape[2:]), self.weight[start:stop], shift
        )


@dataclass(frozen=True)
class Lowering:
    """One way to write a `Circular` in ONNX operators, equal to rounding.

    `build` adds its nodes through a `Builder` and returns y; `factor` is N1 for those that split the length
    (None for others). `refusal` returns why it cannot be built for an operator and factor, in words that go
    after "because"; None when it can. `factors` returns the N1 worth trying for an operator, none for a
    lowering that takes no factor. `exact` is whether it keeps within 1e-6 of float64, relatively.
    """

    name: str
    family: str
    build: "Callable[[Builder, ir.Value, Circular, int | None], ir.Value]"
    mathematics: str
    refusal: Callable[[Circular, int | None], str | None] = lambda _op, _factor: None
    factors: Callable[[Circular], tuple[int, ...]] = lambda _op: ()
    takes_factor: bool = False
    exact: bool = True
