"""Convolutional embedding (CE): several convolutions where other transformers split or merge patches.

After Wang et al., ECCV 2022, arXiv:2207.13317, which has no public code: docs/reconstructions.md tells what
the text states and what was chosen here.
"""

from torch import Tensor, nn

from latbench.zoo.layers.fused_mbconv import FusedMBConv, MBConv
from latbench.zoo.layers.tokens import Embedding

EXPANSION = 2
UNITS = (4, 4, 4, 4)
"""How many units stand before each stage; a convolution follows, and makes five layers of them."""


class ConvolutionalEmbedding(nn.Module):
    """Some `units` of convolutions, a 1x1 convolution to `out_channels`, and a LayerNorm over these.

    Before the first stage (0) they are Fused-MBConv with half of `out_channels`, and the first and the middle
    one halve the resolution. Before a later one they are MBConv with the channels that come in, and the first
    halves it.
    """

    def __init__(self, stage: int, channels: int, out_channels: int, units: int = 4) -> None:
        super().__init__()
        width = channels if stage else out_channels // 2
        made: list[nn.Module] = []
        for index in range(units):
            if stage:
                made.append(MBConv(width, width, 1 if index else 2, EXPANSION))
            else:
                stride = 2 if index in (0, units // 2) else 1
                made.append(FusedMBConv(width if index else channels, width, stride))
        self.units = nn.Sequential(*made)
        self.proj = nn.Conv2d(width, out_channels, 1)
        self.norm = nn.LayerNorm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / s, W / s), rounded up, of (N, channels, H, W): s is 4 or, later, 2."""
        return self.norm(self.proj(self.units(x)).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def ce(units: tuple[int, ...] = UNITS) -> Embedding:
    """Return the embedding to give a network, with so many units before each of its stages."""

    def embedding(stage: int, channels: int, out_channels: int) -> nn.Module:
        return ConvolutionalEmbedding(stage, channels, out_channels, units[stage])

    return embedding
