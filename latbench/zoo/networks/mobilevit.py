"""MobileViT (Mehta and Rastegari, ICLR 2022, arXiv:2110.02178): convolutions with transformers in between."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.convlayer import Classifier, ConvLayer, InvertedResidual, plain_layers

PATCH = 2


def unfold(x: Tensor) -> Tensor:
    """Return tokens (N * 4 * L, C): for each place in a patch, the L patches; H and W are even."""
    count, channels, height, width = x.shape
    x = x.reshape(count, channels, height // PATCH, PATCH, width // PATCH, PATCH)
    return x.permute(0, 3, 5, 2, 4, 1).reshape(-1, channels)


def fold(tokens: Tensor, height: int, width: int) -> Tensor:
    """Return (N, C, height, width), what `unfold` takes apart."""
    channels = tokens.shape[-1]
    patches = tokens.reshape(-1, PATCH, PATCH, height // PATCH, width // PATCH, channels)
    return patches.permute(0, 5, 3, 1, 4, 2).reshape(-1, channels, height, width)


class SelfAttention(nn.Module):
    """Multi-head self-attention among every `length` tokens of (T, C), biases throughout."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv_proj = nn.Linear(channels, 3 * channels)
        self.out_proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor, length: int) -> Tensor:
        """Return the attended tokens (T, C), the heads of query, key and value split by one transpose."""
        tokens, channels = x.shape
        qkv = self.qkv_proj(x).reshape(-1, length, 3 * self.heads, channels // self.heads).transpose(1, 2)
        query, key, value = qkv.chunk(3, 1)
        scores = query * (channels // self.heads) ** -0.5 @ key.transpose(2, 3)
        return self.out_proj((scores.softmax(-1) @ value).transpose(1, 2).reshape(tokens, channels))


class Transformer(nn.Module):
    """A pre-norm transformer block on tokens (T, C); the feed-forward part has a SiLU."""

    def __init__(self, channels: int, hidden: int, heads: int) -> None:
        super().__init__()
        self.pre_norm_mha = nn.ModuleList((nn.LayerNorm(channels), SelfAttention(channels, heads)))
        self.pre_norm_ffn = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, hidden),
            nn.SiLU(),
            nn.Identity(),
            nn.Linear(hidden, channels),
        )

    def forward(self, x: Tensor, length: int) -> Tensor:
        """Return tokens (T, C); every `length` of them attend to one another."""
        norm, attention = self.pre_norm_mha
        x = x + attention(norm(x), length)
        return x + self.pre_norm_ffn(x)


class MobileViTBlock(nn.Module):
    """`depth` transformers of `dim` channels over patches of 2x2, then fused with the input."""

    def __init__(self, channels: int, dim: int, depth: int, heads: int) -> None:
        super().__init__()
        self.local_rep = nn.Sequential()
        self.local_rep.add_module("conv_3x3", ConvLayer(channels, channels, 3))
        self.local_rep.add_module("conv_1x1", ConvLayer(channels, dim, norm=False, activation=False))
        transformers = [Transformer(dim, 2 * dim, heads) for _ in range(depth)]
        self.global_rep = nn.ModuleList((*transformers, nn.LayerNorm(dim)))
        self.conv_proj = ConvLayer(dim, channels)
        self.fusion = ConvLayer(2 * channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`; odd sides are stretched by a pixel meanwhile."""
        local = self.local_rep(x)
        size = [int(length) for length in local.shape[2:]]
        even = [-(-length // PATCH) * PATCH for length in size]
        if even != size:
            local = F.interpolate(local, even, mode="bilinear", align_corners=False)
        tokens, length = unfold(local), even[0] * even[1] // PATCH**2
        *transformers, norm = self.global_rep
        for transformer in transformers:
            tokens = transformer(tokens, length)
        mixed = fold(norm(tokens), *even)
        if even != size:
            mixed = F.interpolate(mixed, size, mode="bilinear", align_corners=False)
        return self.fusion(torch.cat((x, self.conv_proj(mixed)), 1))


class MobileViT(Classifier):
    """The network: `widths` are the channels of layers 1 and 2, `channels` and `dims` of layers 3 to 5.

    `dims` are the transformers', `expansion` is the inverted residuals'. The keys are the authors'.
    """

    def __init__(
        self,
        *,
        widths: tuple[int, int],
        channels: Sequence[int],
        dims: Sequence[int],
        expansion: int = 4,
        stem: int = 16,
        depths: Sequence[int] = (2, 4, 3),
        heads: int = 4,
    ) -> None:
        layers = plain_layers(stem, widths, expansion)
        before = widths[1]
        for out, dim, depth in zip(channels, dims, depths, strict=True):
            block = MobileViTBlock(out, dim, depth, heads)
            layers.append(nn.Sequential(InvertedResidual(before, out, 2, expansion), block))
            before = out
        super().__init__((3, stem), layers, before)
