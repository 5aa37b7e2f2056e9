"""Parameters and multiply-accumulates of a network, counted without computing anything."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from latbench.zoo.spec import MACS_NOT_COUNTED


@dataclass(frozen=True)
class Counts:
    """Trainable parameters, multiply-accumulates of one image, and the words for what these leave out."""

    params: int
    macs: int
    not_counted: str = MACS_NOT_COUNTED


def count(module: nn.Module, resolution: int) -> Counts:
    """Return the counts of `module` for one square image (1, 3, resolution, resolution).

    MACs are those of convolutions, linear layers, matrix products and attention: half the FLOPs of
    torch.utils.flop_counter. Buffers are no parameters.
    """
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    shapes = {name: torch.empty_like(tensor, device="meta") for name, tensor in tensors.items()}
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        functional_call(module, shapes, (torch.empty(1, 3, resolution, resolution, device="meta"),))
    params = sum(parameter.numel() for parameter in module.parameters())
    return Counts(params, counter.get_total_flops() // 2)
