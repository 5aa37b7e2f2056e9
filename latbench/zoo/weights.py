"""Weights of a network: deterministic ones under which every activation is alive, or a published checkpoint."""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from latbench.errors import BadInput

WRAPPERS = ("state_dict", "model")


def live(module: nn.Module, seed: int = 0) -> None:
    """Fill every floating-point tensor of the state_dict with values that depend on its key and `seed` alone.

    Matrices and kernels have variance 1/fan-in, so that signals keep their size; norm weights and layer scales
    lie near 1, running variances above 1, everything else near 0. Integer tensors stay. In order or not, on any
    machine, the same key gives the same values.
    """
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(torch.from_numpy(_values(key, tuple(tensor.shape), seed)))


def _values(key: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    generator = np.random.default_rng(zlib.crc32(key.encode(), seed))
    noise = generator.standard_normal(int(np.prod(shape))).astype(np.float32).reshape(shape)
    name = key.rpartition(".")[2]
    if name == "running_var":
        return np.float32(1) + np.float32(0.1) * np.abs(noise)
    if name == "running_mean":
        return np.float32(0.1) * noise
    if len(shape) >= 2:
        return noise / np.float32(np.sqrt(noise.size / shape[0]))
    near_one = name.startswith(("weight", "gamma", "layer_scale"))
    return np.float32(near_one) + np.float32(0.1) * noise


def load_weights(model: nn.Module, state_dict: Mapping[str, Any]) -> None:
    """Copy a checkpoint with the authors' keys into `model`, all of it or, on BadInput, nothing.

    A checkpoint that wraps its tensors in "state_dict" or "model", or prefixes every key with "module.", is
    unwrapped. BadInput names the first key that is missing, unexpected or of another shape.
    """
    given = _unwrapped(state_dict)
    wanted = model.state_dict()
    for key, tensor in wanted.items():
        if key not in given:
            raise BadInput(
                f"The weights lack the key {key!r} {tuple(tensor.shape)}; are they of another model?"
            )
        shape = getattr(given[key], "shape", None)
        if shape is None or tuple(shape) != tuple(tensor.shape):
            found = "no tensor" if shape is None else f"shape {tuple(shape)}"
            raise BadInput(f"The weights' key {key!r} holds {found}; the model needs {tuple(tensor.shape)}.")
    for key in given:
        if key not in wanted:
            raise BadInput(f"The weights have the key {key!r}, which this model has not got.")
    model.load_state_dict({key: torch.as_tensor(value) for key, value in given.items()})


def _unwrapped(state_dict: Mapping[str, Any]) -> Mapping[str, Any]:
    for wrapper in WRAPPERS:
        inner = state_dict.get(wrapper) if isinstance(state_dict, Mapping) else None
        if isinstance(inner, Mapping):
            return _unwrapped(inner)
    if not isinstance(state_dict, Mapping) or not state_dict:
        raise BadInput("The weights are no state_dict: a mapping from keys to tensors is needed.")
    if all(key.startswith("module.") for key in state_dict):
        return {key.removeprefix("module."): value for key, value in state_dict.items()}
    return state_dict


def calibrate(module: nn.Module, example: Tensor) -> None:
    """Set every BatchNorm's running statistics to those of its input while `module` sees `example`.

    For families whose activations would vanish or explode under `live`; layers are set in the order they run, each
    behind the already calibrated ones. Module and training flags are left as they were otherwise.
    """

    def measure(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        batch = inputs[0].transpose(0, 1).flatten(1)
        norm.running_mean.copy_(batch.mean(1))  # type: ignore[union-attr,operator]
        norm.running_var.copy_(batch.var(1))  # type: ignore[union-attr,operator]

    norms = [layer for layer in module.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    hooks = [norm.register_forward_pre_hook(measure) for norm in norms]
    try:
        with torch.no_grad():
            module(example)
    finally:
        for hook in hooks:
            hook.remove()
