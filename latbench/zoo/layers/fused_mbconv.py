"""MBConv and Fused-MBConv, the units of EfficientNetV2 (Tan and Le, ICML 2021, arXiv:2104.00298)."""

from torch import Tensor, nn


class Unit(nn.Module):
    """Convolutions, `body`, with their input added where `added`."""

    def __init__(self, body: nn.Sequential, *, added: bool) -> None:
        super().__init__()
        self.body, self.added = body, added

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / stride, W / stride), rounded up, of (N, channels, H, W)."""
        return x + self.body(x) if self.added else self.body(x)


def conv_norm(channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Return a convolution without bias, padded by half its kernel, and its batch norm."""
    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(out)]


class FusedMBConv(Unit):
    """A 3x3 convolution, its norm and SiLU: what EfficientNetV2's Fused-MBConv is at an expansion of 1.

    The input is added where shape and channels stay.
    """

    def __init__(self, channels: int, out_channels: int, stride: int) -> None:
        body = nn.Sequential(*conv_norm(channels, out_channels, 3, stride), nn.SiLU())
        super().__init__(body, added=stride == 1 and channels == out_channels)


class MBConv(Unit):
    """1x1 convolution to `expansion` times the channels, depthwise 3x3, projection: norms, SiLU between.

    The input is added where shape and channels stay. There is no squeeze-and-excitation.
    """

    def __init__(self, channels: int, out_channels: int, stride: int, expansion: int) -> None:
        hidden = channels * expansion
        body = nn.Sequential(
            *conv_norm(channels, hidden, 1),
            nn.SiLU(),
            *conv_norm(hidden, hidden, 3, stride, groups=hidden),
            nn.SiLU(),
            *conv_norm(hidden, out_channels, 1),
        )
        super().__init__(body, added=stride == 1 and channels == out_channels)
