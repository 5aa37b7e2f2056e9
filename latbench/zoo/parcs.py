"""Single ParCs as models: "parc_h_c64_56" is one along H on 1 x 64 x 56 x 56."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings.base import SPATIAL
from exporters.lowerings.name import AUTO, FFT, VALUES
from latbench.errors import BadInput, EnvironmentFault

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMS = {"parc": VALUES}
EAGER_FORMS = (AUTO, SPATIAL, FFT)
"""The values of the option that a module can be run in, without an export."""

ISOLATED, NETWORK = "isolated", "network"
CONTEXTS = (ISOLATED, NETWORK)
"""What is around the operator: nothing, or a 1x1 convolution on either side."""

_COUNT = r"([1-9]\d*)"
_NAME = re.compile(rf"parc_([hw])_c{_COUNT}_{_COUNT}(?:x{_COUNT})?(_dense)?(_net)?")


@dataclass(frozen=True)
class ParcSpec:
    """One ParC along `axis` ("h" or "w") of 1 x `channels` x `height` x `width`, with embedding and bias.

    `dense` lets every output channel read every input channel; `context` is one of `CONTEXTS`.
    """

    axis: str
    channels: int
    height: int
    width: int
    dense: bool = False
    context: str = ISOLATED

    @property
    def name(self) -> str:
        """The name that `parc_spec` reads."""
        size = f"{self.height}" if self.height == self.width else f"{self.height}x{self.width}"
        dense = "_dense" if self.dense else ""
        net = "_net" if self.context == NETWORK else ""
        return f"parc_{self.axis}_c{self.channels}_{size}{dense}{net}"

    @property
    def length(self) -> int:
        """The size of the axis, which is the number of taps too."""
        return self.height if self.axis == "h" else self.width

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of the activation, in and out."""
        return (1, self.channels, self.height, self.width)

    @property
    def params(self) -> int:
        """The parameters: taps, embedding and bias, and the 1x1 convolutions around."""
        taps = self.length * self.channels * (self.channels if self.dense else 1)
        around = 2 * (self.channels**2 + self.channels) if self.context == NETWORK else 0
        return taps + self.length * self.channels + self.channels + around

    @property
    def macs(self) -> int:
        """The MACs of the spatial form, and of the 1x1 convolutions around."""
        each = self.length * (self.channels if self.dense else 1)
        around = 2 * self.channels if self.context == NETWORK else 0
        return self.height * self.width * self.channels * (each + around)


def is_parc(name: str) -> bool:
    """Tell whether `name` names a single ParC."""
    return _NAME.fullmatch(name) is not None


def parc_spec(name: str) -> ParcSpec:
    """Return the ParC that `name` names; BadInput tells how such a name is written."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise BadInput(
            f"{name!r} names no ParC; write it like parc_h_c64_56, parc_w_c64_56x112 (height x width), "
            "parc_h_c128_14_dense or parc_h_c64_56_net (between 1x1 convolutions)."
        )
    axis, channels, height, width, dense, net = found.groups()
    context = NETWORK if net else ISOLATED
    return ParcSpec(axis, int(channels), int(height), int(width or height), bool(dense), context)


def create_parc(name: str, *, parc: str = "auto", seed: int = 0) -> "nn.Module":
    """Return the ParC `name` in eval mode, its outputs of size 1 or so, with weights that depend on `seed`.

    It takes and returns (N, C, H, W). `parc` is "fft", or anything else of the option of that name for the
    spatial form, which an export replaces. Raises BadInput for an unknown name or form and EnvironmentFault
    without PyTorch.
    """
    spec = parc_spec(name)
    if parc not in VALUES:
        raise BadInput(f"{name} has no --parc {parc!r}; use one of: {', '.join(VALUES)}.")
    try:
        import torch
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            f"Building {name} needs PyTorch, which is missing: pip install 'latbench[torch]'."
        ) from error
    from torch import nn

    from latbench.zoo.layers.parc import ParC, eager_form
    from latbench.zoo.weights import live

    channels = spec.channels
    with torch.random.fork_rng(devices=[]):
        module: nn.Module = ParC(channels, spec.length, spec.axis, dense=spec.dense, form=eager_form(parc))
        if spec.context == NETWORK:
            before, after = (nn.Conv2d(channels, channels, 1) for _ in range(2))
            module = nn.Sequential(before, module, after)
    live(module, seed)
    return module.eval().requires_grad_(False)


def parc_input(name: str, seed: int = 0) -> "Tensor":
    """Return a seeded standard normal activation (1, C, H, W) for the ParC `name`."""
    import torch

    noise = np.random.default_rng(seed).standard_normal(parc_spec(name).shape)
    return torch.from_numpy(noise.astype(np.float32))
