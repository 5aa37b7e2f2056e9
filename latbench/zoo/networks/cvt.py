"""CvT (Wu et al., ICCV 2021, arXiv:2103.15808): convolutions embed tokens and project them to attention."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.layout import LAYOUTS
from latbench.zoo.layers.tokens import ConvEmbedding, Embedding, merge_heads, to_map, to_tokens

KEY_STRIDE = 2
MLP_RATIO = 4


def conv_embedding(stage: int, channels: int, out_channels: int) -> nn.Module:
    """Return the published embedding of `stage`: an overlapping convolution and a LayerNorm."""
    return ConvEmbedding(channels, out_channels, (3, 2, 1) if stage else (7, 4, 2))


class QuickGelu(nn.Module):
    """x * sigmoid(1.702 x), which approximates GELU."""

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor shaped like `x`."""
        return x * torch.sigmoid(1.702 * x)


class Mlp(nn.Module):
    """Linear, QuickGelu, Linear on tokens (N, L, C)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.act = QuickGelu()
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens (N, L, C)."""
        return self.fc2(self.act(self.fc1(x)))


def conv_projection(channels: int, stride: int) -> nn.Sequential:
    """Return a depthwise 3x3 convolution without bias and its batch norm, on (N, C, H, W)."""
    conv = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
    return nn.Sequential(OrderedDict(conv=conv, bn=nn.BatchNorm2d(channels)))


class ConvAttention(nn.Module):
    """Multi-head attention whose query, key and value come from convolutions (section 3.2 of the paper).

    Keys and values have half the resolution. Scores are scaled by the width of all heads, as in the code of
    the authors. A class token goes past the convolutions.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, channels**-0.5
        self.conv_proj_q = conv_projection(channels, 1)
        self.conv_proj_k = conv_projection(channels, KEY_STRIDE)
        self.conv_proj_v = conv_projection(channels, KEY_STRIDE)
        self.proj_q = nn.Linear(channels, channels)
        self.proj_k = nn.Linear(channels, channels)
        self.proj_v = nn.Linear(channels, channels)
        self.proj = nn.Linear(channels, channels)

    def _project(self, x: Tensor, token: Tensor | None, conv: nn.Module, linear: nn.Linear) -> Tensor:
        """Return (N, heads, L, D); the linear map stays channels-first, a view away from the heads."""
        x = conv(x)
        if token is not None:
            x = torch.cat((token, x.flatten(2)), 2).unsqueeze(2)
        x = LAYOUTS["channels_first"].pointwise(x, linear.weight, linear.bias)
        return x.flatten(2).unflatten(1, (self.heads, -1)).transpose(2, 3)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """Return the attended tokens (N, L, C): `height` * `width` ones, after a class token if L has one."""
        token = None
        if x.shape[1] != height * width:
            token, x = x[:, :1].transpose(1, 2), x[:, 1:]
        image = to_map(x, height, width)
        query = self._project(image, token, self.conv_proj_q, self.proj_q)
        key = self._project(image, token, self.conv_proj_k, self.proj_k)
        value = self._project(image, token, self.conv_proj_v, self.proj_v)
        mixed = F.scaled_dot_product_attention(query, key, value, scale=self.scale)
        return self.proj(merge_heads(mixed))


class Block(nn.Module):
    """A pre-norm transformer block on tokens."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn = ConvAttention(channels, heads)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = Mlp(channels, MLP_RATIO * channels)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """Return tokens (N, L, C)."""
        x = x + self.attn(self.norm1(x), height, width)
        return x + self.mlp(self.norm2(x))


class Stage(nn.Module):
    """An embedding, then `depth` blocks, with a class token of the stage's own where `classified`."""

    def __init__(
        self, embedding: nn.Module, channels: int, depth: int, heads: int, *, classified: bool
    ) -> None:
        super().__init__()
        if classified:
            self.cls_token = nn.Parameter(torch.zeros(1, 1, channels))
        self.classified = classified
        self.patch_embed = embedding
        self.blocks = nn.ModuleList(Block(channels, heads) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Return the map (N, C, H', W') of a map (N, channels, H, W), or (N, 1, C): the class token."""
        x = self.patch_embed(x)
        count, _, height, width = x.shape
        x = to_tokens(x)
        if self.classified:
            x = torch.cat((self.cls_token.expand(count, -1, -1), x), 1)
        for block in self.blocks:
            x = block(x, height, width)
        return x[:, :1] if self.classified else to_map(x, height, width)


class CvT(nn.Module):
    """The network of three stages; the last one has the class token that is classified.

    `embedding` makes what stands before each stage. The state_dict has the authors' keys.
    """

    def __init__(
        self,
        *,
        depths: Sequence[int],
        dims: Sequence[int] = (64, 192, 384),
        heads: Sequence[int] = (1, 3, 6),
        classes: int = 1000,
        embedding: Embedding = conv_embedding,
    ) -> None:
        super().__init__()
        last = len(dims) - 1
        for index, (before, dim) in enumerate(zip((3, *dims), dims, strict=False)):
            made = embedding(index, before, dim)
            stage = Stage(made, dim, depths[index], heads[index], classified=index == last)
            self.add_module(f"stage{index}", stage)
        self.stages = len(dims)
        self.norm = nn.LayerNorm(dims[-1])
        self.head = nn.Linear(dims[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W); the authors' drop the axis of one image."""
        for index in range(self.stages):
            x = self.get_submodule(f"stage{index}")(x)
        return self.head(self.norm(x)[:, 0])
