"""ConvNeXt (Liu et al., arXiv:2201.03545) and ParC-ConvNeXt (Zhang et al., arXiv:2203.03952)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.layout import LAYOUTS, ChannelNorm, Layout, Pointwise, layouts_named
from latbench.zoo.layers.parc import ParC, crossed, eager_form

EPS = 1e-6
MAPS = (56, 28, 14, 7)
"""The size of each stage's map at 224 pixels, where the ParCs hold their kernels."""


class Stem(nn.Sequential):
    """A 4x4 convolution of stride 4 and a norm."""

    def __init__(self, channels: int, layout: Layout) -> None:
        super().__init__(nn.Conv2d(3, channels, 4, 4), ChannelNorm(channels, layout, EPS))
        self.layout = layout

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation, in its layout, of images (N, 3, H, W)."""
        return self[1](self.layout.from_nchw(self[0](x)))


class Step(nn.Sequential):
    """A norm and a 2x2 convolution of stride 2, from one stage and its layout to the next."""

    def __init__(self, channels: int, out_channels: int, source: Layout, layout: Layout) -> None:
        super().__init__(ChannelNorm(channels, source, EPS), nn.Conv2d(channels, out_channels, 2, 2))
        self.source, self.layout = source, layout

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation of the next stage."""
        return self.layout.from_nchw(self[1](self.source.to_nchw(self[0](x))))


class Block(nn.Module):
    """7x7 depthwise convolution, norm, MLP of ratio 4 and scale per channel, added to the input."""

    def __init__(self, channels: int, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.gamma = nn.Parameter(torch.full((channels,), 1e-6))
        self._add_mixer(channels)
        self.norm = ChannelNorm(channels, layout, EPS)
        self.pwconv1 = Pointwise(channels, 4 * channels, layout)
        self.pwconv2 = Pointwise(4 * channels, channels, layout)

    def _add_mixer(self, channels: int) -> None:
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)

    def mix(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W) `x` mixed in space."""
        return self.dwconv(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation, shaped like `x`."""
        y = self.norm(self.layout.from_nchw(self.mix(self.layout.to_nchw(x))))
        y = self.pwconv2(F.gelu(self.pwconv1(y)))
        return x + self.layout.per_channel(self.gamma) * y


class CircularBlock(Block):
    """A block whose depthwise convolution is a pair of ParCs, one on each half of the channels."""

    def __init__(self, channels: int, layout: Layout, length: int, form: str) -> None:
        self._length, self._form = length, form
        super().__init__(channels, layout)

    def _add_mixer(self, channels: int) -> None:
        self.gcc_H = ParC(channels // 2, self._length, "h", form=self._form)
        self.gcc_W = ParC(channels // 2, self._length, "w", form=self._form)

    def mix(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W) `x` mixed along its columns and its rows."""
        return crossed(x, self.gcc_H, self.gcc_W)


class ConvNeXt(nn.Module):
    """The network of `dims` channels and `depths` blocks per stage, the last `circular` of each circular.

    `parc` is the option of that name, `layout` how activations are held. The state_dict has the keys of the
    authors.
    """

    def __init__(
        self,
        *,
        dims: Sequence[int],
        depths: Sequence[int] = (3, 3, 9, 3),
        circular: Sequence[int] = (0, 0, 0, 0),
        parc: str = "spatial",
        layout: str = "channels_last",
    ) -> None:
        super().__init__()
        form, layouts = eager_form(parc), layouts_named(layout, dims)
        placed = list(zip(dims, layouts, strict=True))
        steps = [Step(dim, wider, one, other) for (dim, one), (wider, other) in pairwise(placed)]

        def stage(index: int) -> Iterator[nn.Module]:
            dim, held = placed[index]
            plain = depths[index] - circular[index]
            yield from (Block(dim, held) for _ in range(plain))
            yield from (CircularBlock(dim, held, MAPS[index], form) for _ in range(circular[index]))

        self.downsample_layers = nn.ModuleList([Stem(*placed[0]), *steps])
        self.stages = nn.ModuleList(nn.Sequential(*stage(index)) for index in range(len(dims)))
        self.layout = layouts[-1]
        self.norm = ChannelNorm(dims[-1], LAYOUTS["channels_last"], EPS)
        self.head = nn.Linear(dims[-1], 1000)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, 1000) of images (N, 3, H, W)."""
        for step, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(step(x))
        pooled = F.adaptive_avg_pool2d(self.layout.to_nchw(x), 1).flatten(1)
        return self.head(self.norm(pooled))
