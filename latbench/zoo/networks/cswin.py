"""CSWin Transformer (Dong et al., CVPR 2022, arXiv:2107.00652): attention in stripes that cross."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.attention import TokenMlp
from latbench.zoo.layers.tokens import Embedding, to_tokens

MLP_RATIO = 4
DOWN, ACROSS, WHOLE = "down", "across", "whole"
"""Stripes that run from top to bottom, those from left to right, and the map as one window."""


def normed(norm: nn.Module, x: Tensor) -> Tensor:
    """Return the map (N, C, H, W) with its channels normalised at every position."""
    return norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Stem(nn.Sequential):
    """A 7x7 convolution of stride 4 and a LayerNorm; the authors' has a rearrangement in between."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, out_channels, 7, 4, 2), nn.Identity(), nn.LayerNorm(out_channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out, H / 4, W / 4) of (N, C, H, W)."""
        return normed(self[2], self[0](x))


class Merge(nn.Module):
    """A 3x3 convolution of stride 2 and a LayerNorm."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out_channels, 3, 2, 1)
        self.norm = nn.LayerNorm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out, H / 2, W / 2), rounded up, of (N, C, H, W)."""
        return normed(self.norm, self.conv(x))


def conv_embedding(stage: int, channels: int, out_channels: int) -> nn.Module:
    """Return the published embedding of `stage`: an overlapping convolution and a LayerNorm."""
    return (Merge if stage else Stem)(channels, out_channels)


class StripeAttention(nn.Module):
    """Attention of `heads` within stripes `width` wide, plus a depthwise convolution of the values (LePE).

    The convolution sees each stripe alone, with zeros around it (equations 6 and 7 of the paper).
    """

    def __init__(self, channels: int, heads: int, direction: str, width: int) -> None:
        super().__init__()
        self.heads, self.direction, self.width = heads, direction, width
        self.get_v = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def _filled(self, x: Tensor) -> tuple[Tensor, int, int]:
        """Return the map (N, H', W', C) that stripes divide, and how many zeros it has above and at the left.

        Zeros go to both sides of the query, key and value, as in the authors' code for segmentation.
        """
        lack_down = -x.shape[1] % self.width if self.direction == ACROSS else 0
        lack_right = -x.shape[2] % self.width if self.direction == DOWN else 0
        if not lack_down and not lack_right:
            return x, 0, 0
        top, left = lack_down // 2, lack_right // 2
        return F.pad(x, (0, 0, left, lack_right - left, top, lack_down - top)), top, left

    def _cut(self, x: Tensor) -> tuple[Tensor, int, int]:
        """Return (stripes, 3 * heads, L, D) of a map (N, H, W, 3 * C), and a stripe's height and width."""
        count, height, width, channels = x.shape
        split = (3 * self.heads, channels // (3 * self.heads))
        if self.direction == DOWN:
            x = x.reshape(count, height, width // self.width, self.width, *split).permute(0, 2, 4, 1, 3, 5)
            return x.reshape(-1, split[0], height * self.width, split[1]), height, self.width
        height = self.width if self.direction == ACROSS else height
        return x.reshape(-1, height * width, *split).transpose(1, 2), height, width

    def _join(self, x: Tensor, height: int, width: int) -> Tensor:
        """Return the map (N, height, width, C) of stripes (stripes, heads, L, D)."""
        if self.direction != DOWN:
            return x.transpose(1, 2).reshape(-1, height, width, self.heads * x.shape[3])
        x = x.reshape(-1, width // self.width, self.heads, height, self.width, x.shape[3])
        return x.permute(0, 3, 1, 4, 2, 5).reshape(-1, height, width, self.heads * x.shape[5])

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, H, W, C) of queries, keys and values (N, H, W, 3 * C), head by head within each."""
        height, width = x.shape[1:3]
        x, top, left = self._filled(x)
        full = x.shape[1:3]
        cut, rows, columns = self._cut(x)
        query, key, value = cut.chunk(3, 1)
        stripes = value.transpose(2, 3).reshape(-1, self.get_v.in_channels, rows, columns)
        local = self.get_v(stripes).reshape(value.transpose(2, 3).shape).transpose(2, 3)
        mixed = self._join(F.scaled_dot_product_attention(query, key, value) + local, *full)
        return mixed[:, top : top + height, left : left + width]


class Block(nn.Module):
    """A pre-norm block on (N, H, W, C): half of the channels attend down, half across, or all to all."""

    def __init__(self, channels: int, heads: int, width: int, *, whole: bool) -> None:
        super().__init__()
        directions = (WHOLE,) if whole else (DOWN, ACROSS)
        shares = len(directions)
        self.norm1 = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.attns = nn.ModuleList(
            StripeAttention(channels // shares, heads // shares, direction, width) for direction in directions
        )
        self.proj = nn.Linear(channels, channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = TokenMlp(channels, MLP_RATIO * channels)

    def _by_share(self, parameter: Tensor) -> Tensor:
        """Return rows of query, key and value for one share of the channels after the other."""
        return parameter.unflatten(0, (3, len(self.attns), -1)).transpose(0, 1).flatten(0, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`."""
        qkv = F.linear(self.norm1(x), self._by_share(self.qkv.weight), self._by_share(self.qkv.bias))
        shares = qkv.chunk(len(self.attns), 3) if len(self.attns) > 1 else (qkv,)
        attended = [attn(share) for attn, share in zip(self.attns, shares, strict=True)]
        x = x + self.proj(torch.cat(attended, 3) if len(attended) > 1 else attended[0])
        return x + self.mlp(self.norm2(x))


class CSWin(nn.Module):
    """The network of four stages of stripes `widths` wide; the last attends to the whole map.

    Maps that stripes do not divide are filled up with zeros. `embedding` makes what stands before each stage.
    The state_dict has the authors' keys.
    """

    def __init__(
        self,
        *,
        depths: Sequence[int],
        dims: Sequence[int],
        heads: Sequence[int],
        widths: Sequence[int] = (1, 2, 7, 7),
        classes: int = 1000,
        embedding: Embedding = conv_embedding,
    ) -> None:
        super().__init__()
        self.stages = len(dims)
        for index, (before, dim) in enumerate(zip((3, *dims), dims, strict=False)):
            whole = index == self.stages - 1
            blocks = (Block(dim, heads[index], widths[index], whole=whole) for _ in range(depths[index]))
            self.add_module(f"merge{index}" if index else "stage1_conv_embed", embedding(index, before, dim))
            self.add_module(f"stage{index + 1}", nn.ModuleList(blocks))
        self.norm = nn.LayerNorm(dims[-1])
        self.head = nn.Linear(dims[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W)."""
        for index in range(self.stages):
            x = getattr(self, f"merge{index}" if index else "stage1_conv_embed")(x)
            x = x.permute(0, 2, 3, 1)
            for block in getattr(self, f"stage{index + 1}"):
                x = block(x)
            x = x.permute(0, 3, 1, 2)
        return self.head(self.norm(to_tokens(x)).mean(1))
