"""Tokens (N, L, C), the rows of a map, and what transformers do to them: heads, attention, patches."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Embedding = Callable[[int, int, int], nn.Module]
"""embedding(stage, channels, out_channels): the module before a stage, its norm included.

It maps (N, channels, H, W) to (N, out_channels, H / s, W / s): s is 4 before stage 0, else 2.
"""


def to_tokens(x: Tensor) -> Tensor:
    """Return the map (N, C, H, W) as tokens (N, H * W, C), row by row."""
    return x.permute(0, 2, 3, 1).flatten(1, 2)


def to_map(x: Tensor, height: int, width: int) -> Tensor:
    """Return tokens (N, height * width, C) as a map (N, C, height, width)."""
    return x.unflatten(1, (height, width)).permute(0, 3, 1, 2)


def split_heads(x: Tensor, weight: Tensor, bias: Tensor | None, heads: int) -> Tensor:
    """Return (N, heads, L, D): tokens (N, L, C) times the matrix `weight` (heads * D, C), plus `bias`."""
    return F.linear(x, weight, bias).unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """Return tokens (N, L, heads * D) of (N, heads, L, D)."""
    return x.transpose(1, 2).flatten(2)


def patch_product(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """Return (N, H / s, W / s, out), rounded down: `conv`, whose kernel is its stride s, of (N, H, W, C).

    Its patches do not overlap, so it is one matrix product of every patch with the kernel.
    """
    size = conv.stride[0]
    count, height, width, channels = x.shape
    rows, columns = height // size, width // size
    x = x[:, : rows * size, : columns * size]
    patches = x.reshape(count, rows, size, columns, size * channels).transpose(2, 3)
    weight = conv.weight.permute(0, 2, 3, 1).flatten(1)
    return F.linear(patches.reshape(count, rows, columns, size * size * channels), weight, conv.bias)


@cache
def _places(length: int, new: int) -> tuple[list[int], list[int], list[float]]:
    """Return, for each of `new` points, its two neighbours among `length` and the share of the second."""
    exact = [max((index + 0.5) * length / new - 0.5, 0.0) for index in range(new)]
    first = [min(int(place), length - 1) for place in exact]
    second = [min(place + 1, length - 1) for place in first]
    return first, second, [place - one for place, one in zip(exact, first, strict=True)]


def resized_grid(grid: Tensor, height: int, width: int) -> Tensor:
    """Return `grid` (1, H, W, C) at (1, height, width, C), interpolated bilinearly.

    What F.interpolate computes without align_corners, in sums that an exporter can fold: torch's own folds a
    Resize that enlarges into wrong values.
    """
    for axis, new in ((1, height), (2, width)):
        if grid.shape[axis] != new:
            first, second, share = _places(grid.shape[axis], new)
            one, other = (
                grid.index_select(axis, torch.tensor(places, device=grid.device))
                for places in (first, second)
            )
            weight = torch.tensor(share, dtype=grid.dtype, device=grid.device)
            grid = torch.lerp(one, other, weight[:, None, None] if axis == 1 else weight[:, None])
    return grid


class ConvEmbedding(nn.Module):
    """A strided convolution, whose patches may overlap, and a LayerNorm, as `proj` and `norm`."""

    def __init__(
        self, channels: int, out_channels: int, window: tuple[int, int, int], eps: float = 1e-5
    ) -> None:
        super().__init__()
        kernel, stride, padding = window
        self.proj = nn.Conv2d(channels, out_channels, kernel, stride, padding)
        self.norm = nn.LayerNorm(out_channels, eps)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / stride, W / stride) of (N, channels, H, W)."""
        return self.norm(self.proj(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PatchEmbedding(ConvEmbedding):
    """A convolution of patches that touch but do not overlap, and a LayerNorm, as `proj` and `norm`.

    Where maps are held as tokens already (`tokens`), the convolution is a matrix product of theirs.
    """

    def __init__(self, channels: int, out_channels: int, size: int, *, tokens: bool) -> None:
        super().__init__(channels, out_channels, (size, size, 0))
        self.tokens = tokens

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / size, W / size), rounded down, of (N, channels, H, W)."""
        if not self.tokens:
            return super().forward(x)
        return self.norm(patch_product(x.permute(0, 2, 3, 1), self.proj)).permute(0, 3, 1, 2)
