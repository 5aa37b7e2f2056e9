"""PVT (Wang et al., ICCV 2021, arXiv:2102.12122): a pyramid of transformers with spatial reduction."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.attention import TokenMlp
from latbench.zoo.layers.tokens import (
    Embedding,
    PatchEmbedding,
    merge_heads,
    patch_product,
    resized_grid,
    split_heads,
    to_map,
    to_tokens,
)

EPS = 1e-6
GRIDS = (56, 28, 14, 7)
"""The side of each stage's map at 224 pixels, for which the position embeddings are held."""


def patch_embedding(stage: int, channels: int, out_channels: int) -> nn.Module:
    """Return the published embedding of `stage`: a convolution of 4x4 or 2x2 patches and a LayerNorm."""
    return PatchEmbedding(channels, out_channels, 2 if stage else 4, tokens=stage > 0)


class ReducedAttention(nn.Module):
    """Multi-head attention to keys and values of every `reduction` x `reduction` patch (equations 1 to 3).

    The tokens may begin with a class token where nothing is reduced.
    """

    def __init__(self, channels: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads, self.reduction = heads, reduction
        self.q = nn.Linear(channels, channels)
        self.kv = nn.Linear(channels, 2 * channels)
        self.proj = nn.Linear(channels, channels)
        if reduction > 1:
            self.sr = nn.Conv2d(channels, channels, reduction, reduction)
            self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """Return the attended tokens (N, L, C) of a map of `height` x `width`."""
        query = split_heads(x, self.q.weight, self.q.bias, self.heads)
        if self.reduction > 1:
            x = self.norm(patch_product(x.unflatten(1, (height, width)), self.sr).flatten(1, 2))
        key, value = split_heads(x, self.kv.weight, self.kv.bias, 2 * self.heads).chunk(2, 1)
        return self.proj(merge_heads(F.scaled_dot_product_attention(query, key, value)))


class Block(nn.Module):
    """A pre-norm transformer block on tokens."""

    def __init__(self, channels: int, heads: int, ratio: int, reduction: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels, EPS)
        self.attn = ReducedAttention(channels, heads, reduction)
        self.norm2 = nn.LayerNorm(channels, EPS)
        self.mlp = TokenMlp(channels, ratio * channels)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """Return tokens (N, L, C)."""
        x = x + self.attn(self.norm1(x), height, width)
        return x + self.mlp(self.norm2(x))


class PVT(nn.Module):
    """The network of four stages; the last begins with the class token that is classified.

    Position embeddings are held for 224 pixels and interpolated bilinearly for other sizes. `embedding` makes
    what stands before each stage. The state_dict has the authors' keys.
    """

    def __init__(
        self,
        *,
        depths: Sequence[int],
        dims: Sequence[int] = (64, 128, 320, 512),
        heads: Sequence[int] = (1, 2, 5, 8),
        ratios: Sequence[int] = (8, 8, 4, 4),
        reductions: Sequence[int] = (8, 4, 2, 1),
        classes: int = 1000,
        embedding: Embedding = patch_embedding,
    ) -> None:
        super().__init__()
        self.stages = len(dims)
        for index, (before, dim) in enumerate(zip((3, *dims), dims, strict=False)):
            number, last = index + 1, index == self.stages - 1
            blocks = [
                Block(dim, heads[index], ratios[index], reductions[index]) for _ in range(depths[index])
            ]
            self.add_module(f"patch_embed{number}", embedding(index, before, dim))
            self.register_parameter(
                f"pos_embed{number}", nn.Parameter(torch.zeros(1, GRIDS[index] ** 2 + last, dim))
            )
            self.add_module(f"block{number}", nn.ModuleList(blocks))
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dims[-1]))
        self.norm = nn.LayerNorm(dims[-1], EPS)
        self.head = nn.Linear(dims[-1], classes)

    def _positions(self, index: int, height: int, width: int) -> Tensor:
        """Return the position embedding (1, L, C) of stage `index` for a map of `height` x `width`."""
        held, side = getattr(self, f"pos_embed{index + 1}"), GRIDS[index]
        if (height, width) == (side, side):
            return held
        token, grid = held[:, : -side * side], held[:, -side * side :]
        grid = resized_grid(grid.unflatten(1, (side, side)), height, width).flatten(1, 2)
        return torch.cat((token, grid), 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W)."""
        for index in range(self.stages):
            x = self.get_submodule(f"patch_embed{index + 1}")(x)
            count, _, height, width = x.shape
            x = to_tokens(x)
            last = index == self.stages - 1
            if last:
                x = torch.cat((self.cls_token.expand(count, -1, -1), x), 1)
            x = x + self._positions(index, height, width)
            for block in getattr(self, f"block{index + 1}"):
                x = block(x, height, width)
            if not last:
                x = to_map(x, height, width)
        return self.head(self.norm(x[:, 0]))
