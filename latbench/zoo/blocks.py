"""Single blocks as models: "efficientmod_block_c40_r6_56" is one modulation block on a 56 x 56 activation."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from latbench.errors import BadInput, EnvironmentFault
from latbench.zoo.efficientmod import LAYOUTS

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMS = {"expand": ("broadcast", "repeat"), "layout": LAYOUTS[:2]}
_NAME = re.compile(r"efficientmod_block_c([1-9]\d*)_r([1-9]\d*)_([1-9]\d*)")


@dataclass(frozen=True)
class BlockSpec:
    """One modulation block: `channels`, expansion `ratio`, and the `size` of its square activation."""

    channels: int
    ratio: int
    size: int

    @property
    def name(self) -> str:
        """The name that `block_spec` reads."""
        return f"efficientmod_block_c{self.channels}_r{self.ratio}_{self.size}"

    @property
    def macs(self) -> int:
        """The MACs of its linear layers and its 7x7 depthwise convolution, counted from the shapes."""
        pointwise = (2 + 2 * self.ratio) * self.channels**2
        return self.size**2 * (pointwise + 49 * self.channels)


def is_block(name: str) -> bool:
    """Tell whether `name` names a block."""
    return _NAME.fullmatch(name) is not None


def block_spec(name: str) -> BlockSpec:
    """Return the block that `name` names; BadInput tells how such a name is written."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise BadInput(f"{name!r} names no block; write it like efficientmod_block_c40_r6_56.")
    return BlockSpec(*map(int, found.groups()))


def create_block(
    name: str, *, expand: str = "broadcast", layout: str = "channels_last", seed: int = 0
) -> "nn.Module":
    """Return the block `name` in eval mode, residual and norm included, with weights that depend on `seed`.

    It takes and returns an activation in its own layout: (N, H, W, C) channels-last, (N, C, H, W) first.
    Raises BadInput for an unknown name or form and EnvironmentFault without PyTorch.
    """
    spec = block_spec(name)
    try:
        import torch
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            f"Building {name} needs PyTorch, which is missing: pip install 'latbench[torch]'."
        ) from error
    from latbench.zoo.layers.layout import layouts_named
    from latbench.zoo.layers.modulation import Modulation, ScaledResidual
    from latbench.zoo.weights import live

    (placed,) = layouts_named(layout, (spec.channels,))
    with torch.random.fork_rng(devices=[]):
        mixer = Modulation(spec.channels, spec.ratio, placed, expand=expand)
        block = ScaledResidual(spec.channels, mixer, placed)
    live(block, seed)
    return block.eval().requires_grad_(False)


def block_input(name: str, layout: str = "channels_last", seed: int = 0) -> "Tensor":
    """Return a seeded standard normal activation for the block `name`: the same values in either `layout`."""
    import numpy as np
    import torch

    spec = block_spec(name)
    noise = np.random.default_rng(seed).standard_normal((1, spec.channels, spec.size, spec.size))
    image = torch.from_numpy(noise.astype(np.float32))
    return image.permute(0, 2, 3, 1).contiguous() if layout == "channels_last" else image
