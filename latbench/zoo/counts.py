"""Parameters and multiply-accumulates of a network, counted without computing anything."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from latbench.zoo.spec import MACS_NOT_COUNTED

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Counts:
    """Parameters, multiply-accumulates of one image, and the words for what the latter leave out.

    `macs` is None for a module that computes Fourier transforms, whose arithmetic is not counted.
    """

    params: int
    macs: int | None
    not_counted: str = MACS_NOT_COUNTED


def count(module: "nn.Module", resolution: int) -> Counts:
    """Return the counts of `module` for one square image (1, 3, resolution, resolution).

    MACs are those of convolutions, linear layers, matrix products and attention: half the FLOPs of
    torch.utils.flop_counter. What a part computes by other means, an involution's weighted sums, it states in
    `own_macs`. Buffers are no parameters. Counted in eval mode; `module` stays in its own.
    """
    import torch
    from torch.func import functional_call
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import FlopCounterMode

    class Transforms(TorchDispatchMode):
        """Notes whether any operator is a Fourier transform."""

        seen = False

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            self.seen |= "_fft_" in str(func)
            return func(*args, **(kwargs or {}))

    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    shapes = {name: torch.empty_like(tensor, device="meta") for name, tensor in tensors.items()}
    image = torch.empty(1, 3, resolution, resolution, device="meta")
    modes = {part: part.training for part in module.modules()}
    stated: list[int] = []

    def note(part: Any, _inputs: Any, output: Any) -> None:
        stated.append(part.own_macs(output))

    hooks = [part.register_forward_hook(note) for part in modes if hasattr(part, "own_macs")]
    try:
        module.eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter, Transforms() as transforms:
            functional_call(module, shapes, (image,))
    finally:
        for hook in hooks:
            hook.remove()
        for part, mode in modes.items():
            part.training = mode
    params = sum(parameter.numel() for parameter in module.parameters())
    return Counts(params, None if transforms.seen else counter.get_total_flops() // 2 + sum(stated))
