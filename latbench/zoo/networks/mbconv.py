"""MBConv (inverted bottleneck) counterparts of EfficientMod, after Table 6 of arXiv:2403.19963."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.layout import Layout, Pointwise, layouts_named
from latbench.zoo.layers.modulation import ScaledResidual
from latbench.zoo.layers.pyramid import Pyramid


class InvertedBottleneck(nn.Module):
    """Expansion, GELU, depthwise convolution of the wide activation, GELU, projection."""

    def __init__(self, channels: int, hidden: int, kernel: int, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.fc1 = Pointwise(channels, hidden, layout)
        self.conv = nn.Conv2d(hidden, hidden, kernel, padding=kernel // 2, groups=hidden)
        self.fc2 = Pointwise(hidden, channels, layout)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`."""
        x = self.layout.to_nchw(F.gelu(self.fc1(x)))
        return self.fc2(self.layout.from_nchw(F.gelu(self.conv(x))))


class MBConvNet(Pyramid):
    """EfficientMod's frame with inverted bottlenecks of one expansion `ratio` in place of its blocks."""

    def __init__(
        self,
        *,
        dims: Sequence[int],
        depths: Sequence[int],
        ratio: float,
        stem: tuple[int, int, int] = (7, 4, 3),
        kernel: int = 7,
        layout: str = "channels_last",
    ) -> None:
        layouts = layouts_named(layout, dims)

        def block(dim: int, placed: Layout) -> nn.Module:
            return ScaledResidual(dim, InvertedBottleneck(dim, int(dim * ratio), kernel, placed), placed)

        plan = zip(dims, depths, layouts, strict=True)
        stages = [[block(dim, placed) for _ in range(depth)] for dim, depth, placed in plan]
        super().__init__(dims, stages, stem, layouts)
