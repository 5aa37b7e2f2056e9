"""latbench: how fast a vision network really runs on the machine it will be deployed on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

__all__ = ["__version__", "create_model", "load_weights"]

__version__ = "0.1.0"


def create_model(name: str, resolution: int | None = None, *, seed: int = 0, **forms: str) -> "nn.Module":
    """Return the zoo's model `name` in eval mode, with deterministic weights (see `latbench.zoo.create`).

    It takes images (N, 3, H, W); `forms` are how it is computed: expand="broadcast" | "repeat",
    layout="channels_last" | "channels_first".
    """
    from latbench.zoo.create import create_model as create

    return create(name, resolution, seed=seed, **forms)


def load_weights(model: "nn.Module", state_dict: Mapping[str, Any]) -> None:
    """Copy a checkpoint with the authors' own keys into `model` (see `latbench.zoo.weights`)."""
    from latbench.zoo.weights import load_weights as load

    load(model, state_dict)
