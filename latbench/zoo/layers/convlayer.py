"""What ParC-Net and MobileViT share, convolutions and the frame, with the keys of cvnets, their library."""

from collections.abc import Sequence
from math import gcd

from torch import Tensor, nn


class ConvLayer(nn.Module):
    """A convolution with a batch norm and a SiLU behind it, or without either; "same" padding, no bias."""

    def __init__(
        self,
        channels: int,
        out_channels: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        groups: int = 1,
        norm: bool = True,
        activation: bool = True,
    ) -> None:
        super().__init__()
        self.block = nn.Sequential()
        padding = kernel // 2
        conv = nn.Conv2d(channels, out_channels, kernel, stride, padding, groups=groups, bias=False)
        self.block.add_module("conv", conv)
        if norm:
            self.block.add_module("norm", nn.BatchNorm2d(out_channels))
        if activation:
            self.block.add_module("act", nn.SiLU())

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / stride, W / stride), rounded up."""
        return self.block(x)


def grouped(channels: int, out_channels: int, kernel: int) -> ConvLayer:
    """Return a ConvLayer in as many groups as both channel counts allow."""
    return ConvLayer(channels, out_channels, kernel, groups=gcd(channels, out_channels))


class InvertedResidual(nn.Module):
    """Expansion, depthwise 3x3 convolution, projection (Sandler et al., arXiv:1801.04381), with SiLU.

    `x` is added where shape and channels stay.
    """

    def __init__(self, channels: int, out_channels: int, stride: int, expansion: int = 4) -> None:
        super().__init__()
        hidden = channels * expansion
        self.block = nn.Sequential()
        self.block.add_module("exp_1x1", ConvLayer(channels, hidden))
        self.block.add_module("conv_3x3", ConvLayer(hidden, hidden, 3, stride, groups=hidden))
        self.block.add_module("red_1x1", ConvLayer(hidden, out_channels, activation=False))
        self.added = stride == 1 and channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / stride, W / stride), rounded up."""
        return x + self.block(x) if self.added else self.block(x)


class Classifier(nn.Module):
    """An image classifier: a strided stem, five layers, a wide 1x1 convolution, a pooled head.

    `layers` are the modules of layer 1 to 5, `out_channels` those of the last; `stem` is (kernel, channels).
    """

    def __init__(
        self,
        stem: tuple[int, int],
        layers: Sequence[nn.Module],
        out_channels: int,
        widest: int = 960,
        classes: int = 1000,
    ) -> None:
        super().__init__()
        kernel, channels = stem
        self.conv_1 = ConvLayer(3, channels, kernel, 2)
        self.layer_1, self.layer_2, self.layer_3, self.layer_4, self.layer_5 = layers
        wide = min(4 * out_channels, widest)
        self.conv_1x1_exp = ConvLayer(out_channels, wide)
        self.classifier = nn.Sequential()
        self.classifier.add_module("fc", nn.Linear(wide, classes))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W)."""
        x = self.conv_1(x)
        for layer in (self.layer_1, self.layer_2, self.layer_3, self.layer_4, self.layer_5):
            x = layer(x)
        return self.classifier(self.conv_1x1_exp(x).mean((2, 3)))


def plain_layers(stem: int, widths: tuple[int, int], expansion: int = 4) -> list[nn.Module]:
    """Return layers 1 and 2, at a half and a quarter of the image: one and three inverted residuals."""
    first, second = widths
    return [
        nn.Sequential(InvertedResidual(stem, first, 1, expansion)),
        nn.Sequential(
            InvertedResidual(first, second, 2, expansion),
            InvertedResidual(second, second, 1, expansion),
            InvertedResidual(second, second, 1, expansion),
        ),
    ]
