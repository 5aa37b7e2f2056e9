"""VAN (Guo et al., arXiv:2202.09741): convolutions whose large-kernel attention gates their own input."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INITIAL_SCALE = 1e-2


class LargeKernelAttention(nn.Module):
    """u * conv(u): a depthwise 5x5, a depthwise 7x7 of dilation 3 and a 1x1 convolution weigh their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.conv_spatial = nn.Conv2d(channels, channels, 7, padding=9, groups=channels, dilation=3)
        self.conv1 = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`, (N, C, H, W)."""
        return x * self.conv1(self.conv_spatial(self.conv0(x)))


class Attention(nn.Module):
    """x + proj_2(lka(gelu(proj_1(x)))): large-kernel attention between 1x1 convolutions, with a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.proj_1 = nn.Conv2d(channels, channels, 1)
        self.spatial_gating_unit = LargeKernelAttention(channels)
        self.proj_2 = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`, (N, C, H, W)."""
        return self.proj_2(self.spatial_gating_unit(F.gelu(self.proj_1(x)))) + x


class DepthwiseConv(nn.Module):
    """A depthwise 3x3 convolution, under the authors' extra name."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`, (N, C, H, W)."""
        return self.dwconv(x)


class Mlp(nn.Module):
    """1x1 convolution to `hidden` channels, depthwise 3x3, GELU, 1x1 convolution."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.dwconv = DepthwiseConv(hidden)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`, (N, C, H, W)."""
        return self.fc2(F.gelu(self.dwconv(self.fc1(x))))


class Block(nn.Module):
    """x + s1 * attn(norm1(x)), then x + s2 * mlp(norm2(x)); s1 and s2 scale each channel."""

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.attn = Attention(channels)
        self.norm2 = nn.BatchNorm2d(channels)
        self.mlp = Mlp(channels, ratio * channels)
        self.layer_scale_1 = nn.Parameter(torch.full((channels,), INITIAL_SCALE))
        self.layer_scale_2 = nn.Parameter(torch.full((channels,), INITIAL_SCALE))

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`, (N, C, H, W)."""
        x = x + self.layer_scale_1[:, None, None] * self.attn(self.norm1(x))
        return x + self.layer_scale_2[:, None, None] * self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    """A strided convolution whose windows overlap, and a batch norm."""

    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, out_channels, kernel, stride, padding=kernel // 2)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / stride, W / stride), rounded up."""
        return self.norm(self.proj(x))


class VAN(nn.Module):
    """The network: `dims` channels, `depths` blocks and `ratios` of the MLPs per stage, the authors' keys."""

    def __init__(
        self,
        *,
        dims: Sequence[int],
        depths: Sequence[int],
        ratios: Sequence[int] = (8, 8, 4, 4),
        classes: int = 1000,
    ) -> None:
        super().__init__()
        self.stages = range(1, len(dims) + 1)
        before = 3
        for stage, dim, depth, ratio in zip(self.stages, dims, depths, ratios, strict=True):
            window = (3, 2) if stage > 1 else (7, 4)
            self.add_module(f"patch_embed{stage}", PatchEmbed(before, dim, *window))
            self.add_module(f"block{stage}", nn.Sequential(*(Block(dim, ratio) for _ in range(depth))))
            self.add_module(f"norm{stage}", nn.LayerNorm(dim, eps=1e-6))
            before = dim
        self.head = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W) of any height and width."""
        for stage in self.stages:
            for part in ("patch_embed", "block"):
                x = self.get_submodule(f"{part}{stage}")(x)
            normed = self.get_submodule(f"norm{stage}")(x.permute(0, 2, 3, 1))
            x = normed.permute(0, 3, 1, 2)
        return self.head(normed.mean((1, 2)))
