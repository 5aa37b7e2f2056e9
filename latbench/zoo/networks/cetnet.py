"""CETNet (Wang et al., ECCV 2022, arXiv:2207.13317): convolutional embeddings, locally enhanced windows.

A reconstruction, for its authors published no code: docs/reconstructions.md tells what was chosen.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.attention import TokenMlp
from latbench.zoo.layers.ce import UNITS, ce

HEAD_CHANNELS = 32
MLP_RATIO = 4
Pair = tuple[int, int]
NAMES = ("query", "key", "value")


def projection(channels: int) -> nn.Sequential:
    """Return a convolutional projection: depthwise 3x3 (stride 1, padding 1), BatchNorm, 1x1."""
    conv = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.Conv2d(channels, channels, 1))


@cache
def distances(window: int) -> np.ndarray:
    """Return how far apart the places of a window are along an axis: (window, window), integers."""
    return np.subtract.outer(np.arange(window), np.arange(window))


def regions(size: int, window: int, shift: int) -> np.ndarray:
    """Return (windows, window): which pixels of an axis of `size`, rolled by `shift`, belong together.

    Apart are the padding, and what a roll brings from the other end.
    """
    place = np.arange(-(-size // window) * window)
    region = (place >= size) + 2 * (place < shift)
    return np.roll(region, -shift).reshape(-1, window)


@cache
def strangers(size: Pair, windows: Pair, shifts: Pair) -> np.ndarray | None:
    """Return (windows, 1, L, L), true where a pixel must not look at another; None where all may."""
    rows, columns = (regions(*along) for along in zip(size, windows, shifts, strict=True))
    region = (4 * rows[:, None, :, None] + columns[None, :, None, :]).reshape(-1, windows[0] * windows[1])
    strange = region[:, None, :, None] != region[:, None, None, :]
    return strange if strange.any() else None


def split(size: int, window: int) -> int:
    """Return the side of the windows along an axis of `size`: as few as `window` allows, then as small."""
    return -(-size // -(-size // window))


class LocallyEnhancedWindows(nn.Module):
    """LEWin: attention inside windows of at most `window` x `window` pixels, of q, k, v from convolutions.

    The convolutions see the whole map, before it is cut into windows, which are `shifted` by half of their
    size along an axis that has several. What windows do not divide is padded after the convolutions, and no
    pixel looks at the padding. Each pair of a window's pixels adds to its score what `positions` has for
    their distance.
    """

    def __init__(self, channels: int, window: int, *, shifted: bool) -> None:
        super().__init__()
        self.heads, self.window, self.shifted = channels // HEAD_CHANNELS, window, shifted
        self.projections = nn.ModuleDict({name: projection(channels) for name in NAMES})
        self.proj = nn.Linear(channels, channels)
        self.positions = nn.Parameter(torch.zeros(self.heads, 2 * window - 1, 2 * window - 1))

    def _cut(self, x: Tensor, windows: Pair, shifts: Pair) -> Tensor:
        """Return (N * windows, heads, L, D) of a map (N, C, H, W)."""
        (high, wide), (height, width) = windows, x.shape[2:]
        if height % high or width % wide:
            x = F.pad(x, (0, -width % wide, 0, -height % high))
        if any(shifts):
            x = x.roll((-shifts[0], -shifts[1]), (2, 3))
        rows, columns = x.shape[2] // high, x.shape[3] // wide
        x = x.reshape(-1, self.heads, HEAD_CHANNELS, rows, high, columns, wide)
        return x.permute(0, 3, 5, 1, 4, 6, 2).reshape(-1, self.heads, high * wide, HEAD_CHANNELS)

    def _joined(self, x: Tensor, size: Pair, windows: Pair, shifts: Pair) -> Tensor:
        """Return the map (N, H, W, C) of `size` whose windows (N * windows, heads, L, D) are `x`."""
        high, wide = windows
        rows, columns = -(-size[0] // high), -(-size[1] // wide)
        x = x.reshape(-1, rows, columns, self.heads, high, wide, HEAD_CHANNELS).permute(0, 1, 4, 2, 5, 3, 6)
        x = x.reshape(-1, rows * high, columns * wide, self.heads * HEAD_CHANNELS)
        if any(shifts):
            x = x.roll(shifts, (1, 2))
        return x[:, : size[0], : size[1]]

    def _bias(self, size: Pair, windows: Pair, shifts: Pair) -> Tensor:
        """Return what is added to the scores: (1 or all windows, heads, L, L), -inf where none may look."""
        rows, columns = (torch.from_numpy(distances(window) + self.window - 1) for window in windows)
        area = windows[0] * windows[1]
        bias = self.positions[:, rows[:, None, :, None], columns[None, :, None, :]]
        bias = bias.reshape(1, self.heads, area, area)
        strange = strangers(size, windows, shifts)
        if strange is None:
            return bias
        return bias.masked_fill(torch.from_numpy(strange).to(bias.device), float("-inf"))

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation (N, H, W, C) shaped like `x`."""
        count, size = x.shape[0], (x.shape[1], x.shape[2])
        windows = (split(size[0], self.window), split(size[1], self.window))
        sides = zip(windows, size, strict=True)
        down, right = (window // 2 if self.shifted and window < side else 0 for window, side in sides)
        image = x.permute(0, 3, 1, 2)
        query, key, value = (
            self._cut(self.projections[name](image), windows, (down, right)) for name in NAMES
        )
        bias = self._bias(size, windows, (down, right))
        if len(bias) > 1 and count > 1:
            bias = bias.repeat(count, 1, 1, 1)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.proj(self._joined(mixed, size, windows, (down, right)))


class Block(nn.Module):
    """A pre-norm transformer block on an activation (N, H, W, C)."""

    def __init__(self, channels: int, window: int, *, shifted: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn = LocallyEnhancedWindows(channels, window, shifted=shifted)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = TokenMlp(channels, MLP_RATIO * channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class CETNet(nn.Module):
    """The network of four stages of `depths` blocks at `dims` channels, each behind its embedding of `units`.

    Every second block shifts its windows by half of their size.
    """

    def __init__(
        self,
        *,
        dims: Sequence[int],
        depths: Sequence[int],
        window: int = 7,
        classes: int = 1000,
        units: Sequence[int] = UNITS,
    ) -> None:
        super().__init__()
        embedding = ce(tuple(units))
        made = (embedding(stage, *pair) for stage, pair in enumerate(zip((3, *dims), dims, strict=False)))
        self.embeddings = nn.ModuleList(made)
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(dim, window, shifted=index % 2 == 1) for index in range(depth)))
            for dim, depth in zip(dims, depths, strict=True)
        )
        self.norm = nn.LayerNorm(dims[-1])
        self.head = nn.Linear(dims[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W)."""
        for embedding, stage in zip(self.embeddings, self.stages, strict=True):
            x = stage(embedding(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return self.head(self.norm(x.permute(0, 2, 3, 1)).mean((1, 2)))
