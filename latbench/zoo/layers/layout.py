"""Where the channels stand among the axes: the same network computed channels-last or channels-first."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from latbench.errors import BadInput


class Layout(ABC):
    """How a network holds its activations, and how it gets from there to the order an operator wants.

    Every method takes and returns 4-D activations; parameters have the same shapes in every layout.
    """

    axis: int
    """The channel axis of an activation."""

    @abstractmethod
    def to_nchw(self, x: Tensor) -> Tensor:
        """Return the activation `x` as (N, C, H, W)."""

    @abstractmethod
    def from_nchw(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W) `x` in this layout."""

    @abstractmethod
    def to_nhwc(self, x: Tensor) -> Tensor:
        """Return the activation `x` as (N, H, W, C)."""

    @abstractmethod
    def from_nhwc(self, x: Tensor) -> Tensor:
        """Return (N, H, W, C) `x` in this layout."""

    @abstractmethod
    def pointwise(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return `x` with the (out, in) matrix `weight` and `bias` applied to every position's channels."""

    @abstractmethod
    def per_channel(self, vector: Tensor) -> Tensor:
        """Return the (C,) `vector` so shaped that it broadcasts over the positions of an activation."""


class ChannelsLast(Layout):
    """Activations (N, H, W, C); pointwise layers are matrix products, convolutions transpose around."""

    axis = 3

    def to_nchw(self, x: Tensor) -> Tensor:
        """Return the activation `x` as (N, C, H, W)."""
        return x.permute(0, 3, 1, 2)

    def from_nchw(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W) `x` as (N, H, W, C)."""
        return x.permute(0, 2, 3, 1)

    def to_nhwc(self, x: Tensor) -> Tensor:
        """Return `x` itself."""
        return x

    def from_nhwc(self, x: Tensor) -> Tensor:
        """Return `x` itself."""
        return x

    def pointwise(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the matrix product over the last axis."""
        return F.linear(x, weight, bias)

    def per_channel(self, vector: Tensor) -> Tensor:
        """Return `vector` itself."""
        return vector


class ChannelsFirst(Layout):
    """Activations (N, C, H, W); pointwise layers are 1x1 convolutions, LayerNorm transposes around."""

    axis = 1

    def to_nchw(self, x: Tensor) -> Tensor:
        """Return `x` itself."""
        return x

    def from_nchw(self, x: Tensor) -> Tensor:
        """Return `x` itself."""
        return x

    def to_nhwc(self, x: Tensor) -> Tensor:
        """Return the activation `x` as (N, H, W, C)."""
        return x.permute(0, 2, 3, 1)

    def from_nhwc(self, x: Tensor) -> Tensor:
        """Return (N, H, W, C) `x` as (N, C, H, W)."""
        return x.permute(0, 3, 1, 2)

    def pointwise(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the 1x1 convolution with the (out, in) matrix `weight`."""
        return F.conv2d(x, weight[:, :, None, None], bias)

    def per_channel(self, vector: Tensor) -> Tensor:
        """Return `vector` as (C, 1, 1)."""
        return vector[:, None, None]


LAYOUTS: dict[str, Layout] = {"channels_last": ChannelsLast(), "channels_first": ChannelsFirst()}


BLOCK = 16
MOST_PADDING = 1.05
MIXED = "blocked"
"""Channels-first in the stages whose channels fill ONNX Runtime's blocks, channels-last in the others."""


def layouts_named(name: str, dims: Sequence[int]) -> list[Layout]:
    """Return the layout of each stage of `dims` channels; BadInput lists the names that exist.

    "blocked" is what ONNX Runtime computes fastest (`make bench-export`): its convolutions pad channels to
    whole blocks, so a stage that would grow by more than 5 % stays channels-last.
    """
    if name == MIXED:
        fills = [-(-dim // BLOCK) * BLOCK <= MOST_PADDING * dim for dim in dims]
        return [LAYOUTS["channels_first" if full else "channels_last"] for full in fills]
    if name not in LAYOUTS:
        raise BadInput(f"There is no layout {name!r}; use one of: {', '.join([*LAYOUTS, MIXED])}.")
    return [LAYOUTS[name]] * len(dims)


class Pointwise(nn.Linear):
    """A linear map of the channels at every position of an activation, with the keys of nn.Linear."""

    def __init__(self, channels: int, out_channels: int, layout: Layout) -> None:
        super().__init__(channels, out_channels)
        self.layout = layout

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation with `out_channels` channels."""
        return self.layout.pointwise(x, self.weight, self.bias)


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels at every position of an activation, with the keys of nn.LayerNorm."""

    def __init__(self, channels: int, layout: Layout, eps: float = 1e-5) -> None:
        super().__init__(channels, eps)
        self.layout = layout

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised activation, in the same layout."""
        return self.layout.from_nhwc(super().forward(self.layout.to_nhwc(x)))
