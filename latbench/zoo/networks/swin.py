"""Swin Transformer (Liu et al., ICCV 2021, arXiv:2103.14030): attention within windows that shift."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.attention import TokenMlp
from latbench.zoo.layers.tokens import Embedding, PatchEmbedding, to_map, to_tokens
from latbench.zoo.layers.window import (
    Windows,
    entering,
    inverse,
    kept_order,
    leaving,
    merging,
    moved,
    relative,
    windows,
)

WINDOW = 7
MLP_RATIO = 4
HELD = ("attn.relative_position_index", "attn_mask")
"""What the authors' checkpoints hold of each block, though it follows from the sizes."""


class PatchMerging(nn.Module):
    """A LayerNorm and a linear map without bias on patches of 2 x 2 tokens (section 3.1 of the paper)."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, out_channels, bias=False)

    def merge(self, x: Tensor) -> Tensor:
        """Return tokens (N, L / 4, out) of tokens (N, L, C) that stand patch by patch, column by column."""
        return self.reduction(self.norm(x.unflatten(1, (-1, 4)).flatten(2)))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out, H / 2, W / 2), rounded up, of (N, C, H, W)."""
        height, width = x.shape[2:]
        x = moved(to_tokens(x), merging(height, width, 1))
        return to_map(self.merge(x), -(-height // 2), -(-width // 2))


def patch_embedding(stage: int, channels: int, out_channels: int) -> nn.Module:
    """Return the published embedding of `stage`: 4x4 patches, then the merging of 2x2 tokens."""
    if stage:
        return PatchMerging(channels, out_channels)
    return PatchEmbedding(channels, out_channels, 4, tokens=False)


class WindowAttention(nn.Module):
    """Multi-head self-attention within windows, a bias for each relative position (equation 4)."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2, heads))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def added(self, held: Windows, count: int) -> Tensor:
        """Return what is added to the scores of `count` images: (1 or all windows, heads, L, L)."""
        table, length = self.relative_position_bias_table, held.side**2
        bias = table[torch.from_numpy(relative(WINDOW, held.side)).to(table.device)]
        bias = bias.unflatten(0, (length, length)).permute(2, 0, 1).unsqueeze(0)
        if held.apart is None:
            return bias
        bias = bias + torch.from_numpy(held.apart).to(table).unsqueeze(1)
        return bias if count == 1 else bias.repeat(count, 1, 1, 1)

    def forward(self, x: Tensor, held: Windows) -> Tensor:
        """Return the attended tokens, like `x` (N, windows * side^2, C) window by window."""
        count = x.shape[0]
        cut = self.qkv(x).reshape(count * held.count, held.side**2, 3 * self.heads, -1).transpose(1, 2)
        query, key, value = cut.chunk(3, 1)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=self.added(held, count))
        return self.proj(mixed.transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    """A pre-norm transformer block on tokens in their kept order; `shifted` ones roll the windows by half."""

    def __init__(self, channels: int, heads: int, *, shifted: bool) -> None:
        super().__init__()
        self.shift = WINDOW // 2 if shifted else 0
        self.norm1 = nn.LayerNorm(channels)
        self.attn = WindowAttention(channels, heads)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = TokenMlp(channels, MLP_RATIO * channels)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """Return tokens (N, L, C)."""
        size = (height, width, WINDOW, self.shift)
        y = self.attn(moved(self.norm1(x), entering(*size)), windows(*size))
        x = x + moved(y, leaving(*size))
        return x + self.mlp(self.norm2(x))


class Stage(nn.Module):
    """Blocks at one resolution; `downsample` is the embedding of the next stage."""

    def __init__(self, channels: int, depth: int, heads: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(channels, heads, shifted=index % 2 == 1) for index in range(depth))
        self.downsample = downsample

    def forward(self, x: Tensor, height: int, width: int) -> tuple[Tensor, int, int]:
        """Return tokens (N, L, C) in the kept order of the next stage, and the height and width there."""
        for block in self.blocks:
            x = block(x, height, width)
        if self.downsample is None:
            return x, height, width
        if isinstance(self.downsample, PatchMerging):
            x = self.downsample.merge(moved(x, merging(height, width, WINDOW)))
            return x, -(-height // 2), -(-width // 2)
        x = moved(x, inverse(kept_order(height, width, WINDOW)))
        return _kept(self.downsample(to_map(x, height, width)))


def _kept(x: Tensor) -> tuple[Tensor, int, int]:
    """Return the tokens of a map (N, C, H, W) in the kept order, H and W."""
    height, width = x.shape[2:]
    return moved(to_tokens(x), kept_order(height, width, WINDOW)), height, width


class Swin(nn.Module):
    """The network of stages of `dims` channels.

    Tokens are kept in the order of the windows of their stage. Maps that windows of 7 or patches of 2 do not
    divide are filled up with zeros, as in the authors' code for detection. `embedding` makes what stands
    before each stage. The state_dict has the authors' keys, less `aliases`, which a checkpoint may hold.
    """

    def __init__(
        self,
        *,
        dims: Sequence[int],
        depths: Sequence[int],
        heads: Sequence[int],
        classes: int = 1000,
        embedding: Embedding = patch_embedding,
    ) -> None:
        super().__init__()
        made = [embedding(index, *pair) for index, pair in enumerate(zip((3, *dims), dims, strict=False))]
        self.patch_embed, *steps = made
        parts = zip(dims, depths, heads, (*steps, None), strict=True)
        self.layers = nn.ModuleList(Stage(*part) for part in parts)
        self.norm = nn.LayerNorm(dims[-1])
        self.head = nn.Linear(dims[-1], classes)
        blocks = [(i, j) for i, depth in enumerate(depths) for j in range(depth)]
        self.aliases = tuple(f"layers.{i}.blocks.{j}.{name}" for i, j in blocks for name in HELD)
        self.register_load_state_dict_pre_hook(_drop_aliases)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W)."""
        x, height, width = _kept(self.patch_embed(x))
        for stage in self.layers:
            x, height, width = stage(x, height, width)
        return self.head(self.norm(x).mean(1))


def _drop_aliases(module: "Swin", state_dict: dict[str, Tensor], prefix: str, *_: object) -> None:
    for key in module.aliases:
        state_dict.pop(prefix + key, None)
