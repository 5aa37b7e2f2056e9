"""PVTv2 (Wang et al., 2022, arXiv:2106.13797): PVT with overlapping embeddings and convolutions in MLPs."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.layout import LAYOUTS, Pointwise
from latbench.zoo.layers.tokens import ConvEmbedding, Embedding, to_map, to_tokens
from latbench.zoo.networks.pvt import EPS, ReducedAttention

FIRST = LAYOUTS["channels_first"]


def conv_embedding(stage: int, channels: int, out_channels: int) -> nn.Module:
    """Return the published embedding of `stage`: an overlapping convolution and a LayerNorm."""
    return ConvEmbedding(channels, out_channels, (3, 2, 1) if stage else (7, 4, 3))


class Depthwise(nn.Module):
    """A depthwise 3x3 convolution, as `dwconv`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return a map shaped like `x` (N, C, H, W)."""
        return self.dwconv(x)


class ConvMlp(nn.Module):
    """Linear, depthwise convolution, GELU, linear: channels-first throughout, as the convolution wants it."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = Pointwise(channels, hidden, FIRST)
        self.dwconv = Depthwise(hidden)
        self.fc2 = Pointwise(hidden, channels, FIRST)

    def forward(self, x: Tensor) -> Tensor:
        """Return a map shaped like `x` (N, C, H, W)."""
        return self.fc2(F.gelu(self.dwconv(self.fc1(x))))


class Block(nn.Module):
    """A pre-norm transformer block on tokens."""

    def __init__(self, channels: int, heads: int, ratio: int, reduction: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels, EPS)
        self.attn = ReducedAttention(channels, heads, reduction)
        self.norm2 = nn.LayerNorm(channels, EPS)
        self.mlp = ConvMlp(channels, ratio * channels)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """Return tokens (N, L, C)."""
        x = x + self.attn(self.norm1(x), height, width)
        return x + to_tokens(self.mlp(to_map(self.norm2(x), height, width)))


class PVTv2(nn.Module):
    """The network of four stages, each with a LayerNorm behind it; the mean of the tokens is classified.

    `embedding` makes what stands before each stage. The state_dict has the authors' keys.
    """

    def __init__(
        self,
        *,
        dims: Sequence[int],
        depths: Sequence[int],
        heads: Sequence[int] = (1, 2, 5, 8),
        ratios: Sequence[int] = (8, 8, 4, 4),
        reductions: Sequence[int] = (8, 4, 2, 1),
        classes: int = 1000,
        embedding: Embedding = conv_embedding,
    ) -> None:
        super().__init__()
        self.stages = len(dims)
        for index, (before, dim) in enumerate(zip((3, *dims), dims, strict=False)):
            made = (Block(dim, heads[index], ratios[index], reductions[index]) for _ in range(depths[index]))
            self.add_module(f"patch_embed{index + 1}", embedding(index, before, dim))
            self.add_module(f"block{index + 1}", nn.ModuleList(made))
            self.add_module(f"norm{index + 1}", nn.LayerNorm(dim, EPS))
        self.head = nn.Linear(dims[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W)."""
        tokens = x
        for number in range(1, self.stages + 1):
            x = getattr(self, f"patch_embed{number}")(x)
            height, width = x.shape[2:]
            tokens = to_tokens(x)
            for block in getattr(self, f"block{number}"):
                tokens = block(tokens, height, width)
            tokens = getattr(self, f"norm{number}")(tokens)
            x = to_map(tokens, height, width)
        return self.head(tokens.mean(1))
