"""EfficientMod's modulation block: values times a spatial context, the context shared by groups of values."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latbench.errors import BadInput
from latbench.zoo.layers.layout import ChannelNorm, Layout, Pointwise

Combine = Callable[[Tensor, Tensor], Tensor]
Expand = Callable[[Combine, Tensor, Tensor, int, int], Tensor]


def broadcast(combine: Combine, values: Tensor, context: Tensor, ratio: int, axis: int) -> Tensor:
    """Return `values` (ratio*C channels on `axis`) combined with `context` (C channels), copying nothing.

    The values are viewed as `ratio` groups of C channels and every group meets the one context.
    """
    groups = values.unflatten(axis, (ratio, -1))
    return combine(groups, context.unsqueeze(axis)).flatten(axis, axis + 1)


def repeat(combine: Combine, values: Tensor, context: Tensor, ratio: int, axis: int) -> Tensor:
    """Return the same as `broadcast` by repeating the context `ratio` times first: the published form."""
    times = [1] * context.ndim
    times[axis] = ratio
    return combine(values, context.repeat(times))


EXPANSIONS: dict[str, Expand] = {"broadcast": broadcast, "repeat": repeat}
COMBINATIONS: dict[str, Combine] = {"product": torch.mul, "sum": torch.add}


def expansion_named(name: str) -> Expand:
    """Return the expansion called `name`; BadInput lists the names that exist."""
    if name not in EXPANSIONS:
        raise BadInput(f"There is no expansion {name!r}; use one of: {', '.join(EXPANSIONS)}.")
    return EXPANSIONS[name]


class Context(nn.Module):
    """The context of a modulation block: f, the GELUs of parallel depthwise convolutions, their sum, g.

    `f` and `g` can be left out; without kernels the GELU stands alone between them.
    """

    def __init__(
        self, channels: int, layout: Layout, kernels: Sequence[int] = (7,), *, f: bool = True, g: bool = True
    ) -> None:
        super().__init__()
        self.layout = layout
        self.f = Pointwise(channels, channels, layout) if f else nn.Identity()
        self.g = Pointwise(channels, channels, layout) if g else nn.Identity()
        self.context_list = nn.ModuleList(
            nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels) for kernel in kernels
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the context, shaped like the activation `x`."""
        x = self.layout.to_nchw(self.f(x))
        total, *others = [F.gelu(conv(x)) for conv in self.context_list] or [F.gelu(x)]
        for other in others:
            total = total + other
        return self.g(self.layout.from_nchw(total))


class Modulation(nn.Module):
    """fc1, combination with the context, fc2; GELU on the values when they are wider than the context."""

    def __init__(
        self,
        channels: int,
        ratio: int,
        layout: Layout,
        *,
        expand: str = "broadcast",
        kernels: Sequence[int] = (7,),
        f: bool = True,
        g: bool = True,
        combine: str = "product",
    ) -> None:
        super().__init__()
        self.ratio, self.layout = ratio, layout
        self.expand, self.combine = expansion_named(expand), COMBINATIONS[combine]
        self.fc1 = Pointwise(channels, ratio * channels, layout)
        self.context_layer = Context(channels, layout, kernels, f=f, g=g)
        self.fc2 = Pointwise(ratio * channels, channels, layout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the modulated activation, shaped like `x`."""
        context, values = self.context_layer(x), self.fc1(x)
        if self.ratio == 1:
            return self.fc2(self.combine(values, context))
        return self.fc2(self.expand(self.combine, F.gelu(values), context, self.ratio, self.layout.axis))


class ScaledResidual(nn.Module):
    """x + gamma_1 * mlp(norm(x)): a pre-norm residual with a learned scale per channel."""

    def __init__(self, channels: int, mlp: nn.Module, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.gamma_1 = nn.Parameter(torch.full((channels,), 1e-4))
        self.norm = ChannelNorm(channels, layout)
        self.mlp = mlp

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation `x` plus its scaled residual."""
        return x + self.layout.per_channel(self.gamma_1) * self.mlp(self.norm(x))
