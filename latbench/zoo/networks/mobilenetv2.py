"""MobileNetV2 (Sandler et al., arXiv:1801.04381) and ParC-MobileNetV2 (Zhang et al., arXiv:2203.03952)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.parc import ParC, crossed, eager_form

STEM, LAST = 32, 1280
STAGES = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
"""Expansion, channels, blocks, stride of the first, as in Table 2 of arXiv:1801.04381."""
MAPS = (112, 56, 28, 14, 14, 7, 7)
"""The size of each stage's map at 224 pixels, where the ParCs hold their kernels."""


def convolved(channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Module:
    """Return a convolution, its norm and a ReLU6."""
    convolution = nn.Conv2d(
        channels, out_channels, kernel, stride, padding=kernel // 2, groups=groups, bias=False
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU6())


class InvertedResidual(nn.Module):
    """Expansion, 3x3 depthwise convolution, projection; a shortcut where the shapes allow it."""

    def __init__(self, channels: int, out_channels: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = expansion * channels
        self.shortcut = stride == 1 and channels == out_channels
        expand = [convolved(channels, wide, 1)] if expansion != 1 else []
        self.conv = nn.Sequential(
            *expand,
            convolved(wide, wide, 3, stride, groups=wide),
            nn.Conv2d(wide, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation with `out_channels` channels, smaller by `stride`."""
        return x + self.conv(x) if self.shortcut else self.conv(x)


class CircularResidual(nn.Module):
    """An inverted residual whose depthwise convolution is a pair of ParCs, each on half of the channels."""

    def __init__(self, channels: int, expansion: int, length: int, *, embedding: bool, form: str) -> None:
        super().__init__()
        wide = expansion * channels
        self.pw_expand = convolved(channels, wide, 1)
        self.gcc_H = ParC(wide // 2, length, "h", embedding=embedding, form=form)
        self.gcc_W = ParC(wide // 2, length, "w", embedding=embedding, form=form)
        self.bn = nn.BatchNorm2d(wide)
        projection = nn.Conv2d(wide, channels, 1, bias=False)
        self.pw_linear = nn.Sequential(projection, nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation, shaped like `x`."""
        y = crossed(self.pw_expand(x), self.gcc_H, self.gcc_W)
        return x + self.pw_linear(F.relu6(self.bn(y)))


class MobileNetV2(nn.Module):
    """The network of width 1, the last `circular` blocks of each stage being circular.

    Only the first of them in a stage has position embeddings. `parc` is the option of that name. The
    state_dict has the keys of torchvision, and the authors' where there are ParCs.
    """

    def __init__(self, *, circular: Sequence[int] = (0,) * len(STAGES), parc: str = "spatial") -> None:
        super().__init__()
        form = eager_form(parc)
        features: list[nn.Module] = [convolved(3, STEM, 3, 2)]
        widths = pairwise((STEM, *(channels for _, channels, _, _ in STAGES)))
        for (before, channels), stage, count, size in zip(widths, STAGES, circular, MAPS, strict=True):
            expansion, _, blocks, stride = stage
            first = blocks - count
            for at in range(blocks):
                if at < first:
                    start = at == 0
                    block: nn.Module = InvertedResidual(
                        before if start else channels, channels, expansion, stride if start else 1
                    )
                else:
                    block = CircularResidual(channels, expansion, size, embedding=at == first, form=form)
                features.append(block)
        features.append(convolved(STAGES[-1][1], LAST, 1))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(LAST, 1000))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, 1000) of images (N, 3, H, W)."""
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))
