"""FocalNet (Yang et al., NeurIPS 2022, arXiv:2203.11926): stages of focal modulation blocks."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.layout import ChannelNorm, Layout, Pointwise, layouts_named
from latbench.zoo.layers.pyramid import Pyramid

PATCH = (4, 4, 0)
STEP = (2, 2, 0)


class FocalModulation(nn.Module):
    """Queries times a gated sum of contexts, each the GELU of a depthwise convolution of the one before.

    The last context is the GELU of the mean over all places. f gives queries and a first context
    of `channels` each, and a gate for every context (equations 3 to 7).
    """

    def __init__(self, channels: int, kernels: Sequence[int], layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.parts = (channels, channels, *[1] * (len(kernels) + 1))
        self.f = Pointwise(channels, sum(self.parts), layout)
        self.h = nn.Conv2d(channels, channels, 1)
        self.proj = Pointwise(channels, channels, layout)
        self.focal_layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False),
                nn.GELU(),
            )
            for kernel in kernels
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the modulated activation, shaped like `x`."""
        query, context, *local, overall = self.layout.to_nchw(self.f(x)).split(self.parts, 1)
        total = None
        for layer, gate in zip(self.focal_layers, local, strict=True):
            context = layer(context)
            total = context * gate if total is None else total + context * gate
        pooled = F.gelu(context.mean((2, 3), keepdim=True)) * overall
        modulator = self.h(pooled if total is None else total + pooled)
        return self.proj(self.layout.from_nchw(query * modulator))


class Mlp(nn.Module):
    """A linear layer, GELU and a linear layer at every place of an activation."""

    def __init__(self, channels: int, hidden: int, layout: Layout) -> None:
        super().__init__()
        self.fc1 = Pointwise(channels, hidden, layout)
        self.fc2 = Pointwise(hidden, channels, layout)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`."""
        return self.fc2(F.gelu(self.fc1(x)))


class FocalBlock(nn.Module):
    """Modulation, then an MLP of ratio 4, each behind a norm and added to its input."""

    def __init__(self, channels: int, kernels: Sequence[int], layout: Layout) -> None:
        super().__init__()
        self.norm1 = ChannelNorm(channels, layout)
        self.modulation = FocalModulation(channels, kernels, layout)
        self.norm2 = ChannelNorm(channels, layout)
        self.mlp = Mlp(channels, 4 * channels, layout)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`."""
        x = x + self.modulation(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class FocalNet(Pyramid):
    """The network of `dims` channels and `depths` blocks per stage; `kernels` are those of its contexts.

    The state_dict has the authors' keys.
    """

    def __init__(
        self,
        *,
        dims: Sequence[int],
        depths: Sequence[int],
        kernels: Sequence[int],
        layout: str = "channels_last",
    ) -> None:
        layouts = layouts_named(layout, dims)
        plan = zip(dims, depths, layouts, strict=True)
        stages = [[FocalBlock(dim, kernels, placed) for _ in range(depth)] for dim, depth, placed in plan]
        super().__init__(dims, stages, PATCH, layouts, step=STEP)
