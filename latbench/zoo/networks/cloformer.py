"""CloFormer (Fan et al., arXiv:2303.17803): a gated convolution beside attention to pooled keys."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latbench.errors import BadInput

POOLS = (8, 4, 2, 1)
"""By how much each stage pools what its global branch attends to."""
KERNELS = (3, 5, 7, 9)
"""The depthwise kernel of each stage's local branch."""


def one_group(channels: int) -> nn.GroupNorm:
    """Return the norm over channels and places together, with a scale and a shift per channel."""
    return nn.GroupNorm(1, channels)


class ConvNormReLU(nn.Module):
    """A 3x3 convolution, a batch norm and a ReLU."""

    def __init__(self, channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        conv = nn.Conv2d(channels, out_channels, 3, stride, padding=1)
        self.conv = nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / stride, W / stride), rounded up."""
        return self.conv(x)


class Stem(nn.Module):
    """Four 3x3 convolutions, the first two of stride 2, then a 1x1 one and a norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ConvNormReLU(3, channels // 2, 2)
        self.conv2 = ConvNormReLU(channels // 2, channels, 2)
        self.conv3 = ConvNormReLU(channels, channels, 1)
        self.conv4 = ConvNormReLU(channels, channels, 1)
        self.conv5 = nn.Conv2d(channels, channels, 1)
        self.layernorm = one_group(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, channels, H / 4, W / 4), rounded up, of images (N, 3, H, W)."""
        return self.layernorm(self.conv5(self.conv4(self.conv3(self.conv2(self.conv1(x))))))


class Gate(nn.Module):
    """1x1 convolution, SiLU, 1x1 convolution: what the local branch makes of query times key."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.act_block = nn.Sequential(
            nn.Conv2d(channels, channels, 1), nn.SiLU(), nn.Conv2d(channels, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`."""
        return self.act_block(x)


class CloAttention(nn.Module):
    """The paper's Clo block of `heads` = (local, global) heads, joined by a 1x1 convolution.

    Local (AttnConv): tanh(d^-1/2 gate(q * k)) * v, with q, k and v from one depthwise `kernel` x `kernel`
    convolution. Global: softmax(q k / d^1/2) v, with k and v from means over `pool` x `pool` places. A branch
    without heads has no parameters.
    """

    def __init__(self, channels: int, heads: tuple[int, int], kernel: int, pool: int) -> None:
        super().__init__()
        local, distant = heads
        self.head = channels // (local + distant)
        self.pool, self.distant = pool, distant
        width = local * self.head
        self.convs, self.act_blocks, self.qkvs = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        if distant:
            self.global_q = nn.Conv2d(channels, distant * self.head, 1)
            self.global_kv = nn.Conv2d(channels, 2 * distant * self.head, 1)
        if local:
            padding = kernel // 2
            self.convs.append(nn.Conv2d(3 * width, 3 * width, kernel, padding=padding, groups=3 * width))
            self.act_blocks.append(Gate(width))
            self.qkvs.append(nn.Conv2d(channels, 3 * width, 1))
        self.proj = nn.Conv2d(channels, channels, 1)

    def near(self, x: Tensor) -> list[Tensor]:
        """Return the local branch (N, local * d, H, W) of (N, C, H, W), nothing without local heads."""
        found = []
        for qkv, conv, gate in zip(self.qkvs, self.convs, self.act_blocks, strict=True):
            query, key, value = conv(qkv(x)).chunk(3, 1)
            found.append(torch.tanh(gate(query * key) * self.head**-0.5) * value)
        return found

    def far(self, x: Tensor) -> list[Tensor]:
        """Return the global branch (N, global * d, H, W) of (N, C, H, W), nothing without global heads.

        BadInput when `pool` does not divide the height and the width.
        """
        if not self.distant:
            return []
        count, _, height, width = x.shape
        if height % self.pool or width % self.pool:
            raise BadInput(
                f"CloFormer pools its keys by {self.pool}, which does not divide an activation of "
                f"{height} x {width}; give it images whose height and width are multiples of 32."
            )
        query = self.global_q(x).reshape(count, self.distant, self.head, height * width)
        pooled = F.avg_pool2d(x, self.pool) if self.pool > 1 else x
        places = height * width // self.pool**2
        key, value = self.global_kv(pooled).reshape(count, -1, self.head, places).chunk(2, 1)
        tokens = (each.transpose(2, 3) for each in (query, key, value))
        mixed = F.scaled_dot_product_attention(*tokens)
        return [mixed.transpose(2, 3).reshape(count, -1, height, width)]

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`, (N, C, H, W)."""
        parts = [*self.near(x), *self.far(x)]
        return self.proj(torch.cat(parts, 1) if len(parts) > 1 else parts[0])


class ConvFFN(nn.Module):
    """1x1 convolution to `hidden` channels, GELU, depthwise 5x5 of `stride`, 1x1 convolution."""

    def __init__(self, channels: int, hidden: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.act = nn.GELU()
        self.dwconv = nn.Conv2d(hidden, hidden, 5, stride, padding=2, groups=hidden)
        self.fc2 = nn.Conv2d(hidden, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / stride, W / stride), rounded up."""
        return self.fc2(self.dwconv(self.act(self.fc1(x))))


class CloBlock(nn.Module):
    """x + attn(norm1(x)), then downsample(x) + mlp(norm2(x)); the last block of a stage halves the places."""

    def __init__(
        self,
        channels: int,
        out_channels: int,
        heads: tuple[int, int],
        kernel: int,
        pool: int,
        *,
        stride: int = 1,
        ratio: int = 4,
    ) -> None:
        super().__init__()
        self.norm1 = one_group(channels)
        self.attn = CloAttention(channels, heads, kernel, pool)
        self.norm2 = one_group(channels)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, channels, 5, stride, padding=2),
                nn.BatchNorm2d(channels),
                nn.Conv2d(channels, out_channels, 1),
            )
        self.mlp = ConvFFN(channels, ratio * channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / stride, W / stride), rounded up."""
        x = x + self.attn(self.norm1(x))
        return self.downsample(x) + self.mlp(self.norm2(x))


class Stage(nn.Module):
    """The blocks of one resolution."""

    def __init__(self, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the last block returns."""
        return self.blocks(x)


class CloFormer(nn.Module):
    """The network: `dims` channels and `heads` (local, global) per stage; the keys are the authors'."""

    def __init__(
        self,
        *,
        dims: Sequence[int],
        heads: Sequence[tuple[int, int]],
        depths: Sequence[int] = (2, 2, 6, 2),
        classes: int = 1000,
    ) -> None:
        super().__init__()
        self.patch_embed = Stem(dims[0])
        stages = []
        for at, (dim, wider) in enumerate(zip(dims, (*dims[1:], dims[-1]), strict=True)):
            here = heads[at], KERNELS[at], POOLS[at]
            blocks = [CloBlock(dim, dim, *here) for _ in range(depths[at])]
            if at < len(dims) - 1:
                blocks[-1] = CloBlock(dim, wider, *here, stride=2)
            stages.append(Stage(blocks))
        self.layers = nn.ModuleList(stages)
        self.norm = one_group(dims[-1])
        self.head = nn.Linear(dims[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W).

        With global heads H and W must be multiples of 32; BadInput otherwise.
        """
        x = self.patch_embed(x)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x).mean((2, 3)))
