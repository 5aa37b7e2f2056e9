"""Weights of a network: deterministic ones that keep activations alive, or a published checkpoint."""

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from latbench.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor, nn

WRAPPERS = ("state_dict", "model")
FEW = 16


def live(module: "nn.Module", seed: int = 0) -> None:
    """Fill every floating-point tensor of the state_dict with values that depend on its key and `seed` alone.

    Matrices and kernels have variance 1/fan-in, so that signals keep their size; norm weights and layer
    scales lie near 1, running variances at 1 and above, everything else near 0. Integer tensors stay.
    """
    import torch

    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(torch.from_numpy(_values(key, tuple(tensor.shape), seed)))


def _values(key: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    generator = np.random.default_rng(zlib.crc32(key.encode(), seed))
    noise = generator.standard_normal(shape).astype(np.float32)
    tenth = np.float32(0.1) * noise
    if key.endswith("running_var"):
        return np.float32(1) + np.abs(tenth)
    if key.endswith("running_mean"):
        return tenth
    if len(shape) >= 2:
        return noise / np.float32(np.sqrt(noise.size / shape[0]))
    scale = key.endswith("weight") or key.rpartition(".")[2].startswith(("gamma", "layer_scale"))
    return np.float32(scale) + tenth


def scale(module: "nn.Module", factors: Mapping[str, float]) -> None:
    """Multiply each tensor of the state_dict whose key ends in one of `factors` by its factor."""
    import torch

    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            for ending, factor in factors.items():
                if key.endswith(ending):
                    tensor.mul_(np.float32(factor))


def load_weights(model: "nn.Module", state_dict: Mapping[str, Any]) -> None:
    """Copy a checkpoint with the authors' keys into `model`, all of it or, on BadInput, nothing.

    A checkpoint that wraps its tensors in "state_dict" or "model", or prefixes every key with "module.", is
    unwrapped. Keys that begin with one of the model's `aliases` repeat others and are passed over. BadInput
    names the first key that is missing, of another shape or unexpected.
    """
    aliases = tuple(getattr(model, "aliases", ()))
    given = {key: value for key, value in _unwrapped(state_dict).items() if not key.startswith(aliases)}
    wanted = model.state_dict()
    for key, tensor in wanted.items():
        shape = tuple(tensor.shape)
        if key not in given:
            raise BadInput(f"The weights lack the key {key!r} {shape}; load those of this very model.")
        found = getattr(given[key], "shape", None)
        if found is None or tuple(found) != shape:
            held = "no tensor" if found is None else f"shape {tuple(found)}"
            raise BadInput(f"The weights hold {held} at the key {key!r}; this model needs shape {shape}.")
    for key in given:
        if key not in wanted:
            raise BadInput(f"The weights have the key {key!r}, which this model lacks; load its own weights.")
    model.load_state_dict(given)


def _unwrapped(state_dict: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(state_dict, Mapping) or not all(isinstance(key, str) for key in state_dict):
        raise BadInput("The weights are no state_dict; give a mapping from the model's keys to tensors.")
    for wrapper in WRAPPERS:
        if isinstance(state_dict.get(wrapper), Mapping):
            return _unwrapped(state_dict[wrapper])
    if all(key.startswith("module.") for key in state_dict):
        return {key.removeprefix("module."): value for key, value in state_dict.items()}
    return state_dict


def calibrate(module: "nn.Module", example: "Tensor") -> None:
    """Set each BatchNorm's running statistics to its input's while `module`, in eval mode, gets `example`.

    For families whose activations vanish or explode under `live`. Layers are set in the order they run, each
    behind the already calibrated ones. A norm that gets under FEW values per channel, as behind a global
    pooling, takes the statistics of all channels together: its own would blow small differences up.
    """
    import torch
    from torch import nn

    def measure(norm: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        values = inputs[0].transpose(0, 1).flatten(1)
        if values.shape[1] < FEW:
            values = values.flatten().expand(len(values), -1)
        norm.running_mean.copy_(values.mean(1))
        norm.running_var.copy_(values.var(1))

    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    hooks = [x.register_forward_pre_hook(measure) for x in module.modules() if isinstance(x, kinds)]
    try:
        with torch.no_grad():
            module(example)
    finally:
        for hook in hooks:
            hook.remove()
