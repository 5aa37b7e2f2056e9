"""The frame that EfficientMod, MBConv and FocalNet share: stem, stages, norm, pooled head."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.layout import LAYOUTS, ChannelNorm, Layout


class Patches(nn.Module):
    """A strided convolution and a norm: the stem, and the step from one stage to the next."""

    def __init__(
        self, channels: int, out_channels: int, window: tuple[int, int, int], source: Layout, layout: Layout
    ) -> None:
        super().__init__()
        kernel, stride, padding = window
        self.source, self.layout = source, layout
        self.proj = nn.Conv2d(channels, out_channels, kernel, stride, padding)
        self.norm = ChannelNorm(out_channels, layout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the smaller activation with `out_channels` channels: from `source` to `layout`."""
        return self.norm(self.layout.from_nchw(self.proj(self.source.to_nchw(x))))


class Stage(nn.Module):
    """Blocks at one resolution, then the step to the next stage (none after the last)."""

    def __init__(self, blocks: Sequence[nn.Module], downsample: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation of the next stage."""
        for block in self.blocks:
            x = block(x)
        return self.downsample(x)


class Pyramid(nn.Module):
    """An image classifier: `stages[i]` are blocks of `dims[i]` channels; resolution halves between stages.

    `stem` is (kernel, stride, padding) of the first convolution, `step` of those between stages, `layouts`
    the layout of each stage.
    """

    def __init__(
        self,
        dims: Sequence[int],
        stages: Sequence[Sequence[nn.Module]],
        stem: tuple[int, int, int],
        layouts: Sequence[Layout],
        *,
        step: tuple[int, int, int] = (3, 2, 1),
        classes: int = 1000,
    ) -> None:
        super().__init__()
        stage = list(zip(dims, layouts, strict=True))
        steps: list[nn.Module] = [
            Patches(dim, wider, step, source, layout) for (dim, source), (wider, layout) in pairwise(stage)
        ]
        self.patch_embed = Patches(3, dims[0], stem, LAYOUTS["channels_first"], layouts[0])
        self.layers = nn.ModuleList(map(Stage, stages, [*steps, nn.Identity()]))
        self.layout = layouts[-1]
        self.norm = ChannelNorm(dims[-1], self.layout)
        self.head = nn.Linear(dims[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W)."""
        x = self.patch_embed(x)
        for layer in self.layers:
            x = layer(x)
        x = self.layout.to_nchw(self.norm(x))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))
