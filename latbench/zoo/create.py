"""A model of the zoo, ready to be exported or run, and an image for it."""

import numpy as np
import torch
from torch import Tensor, nn

from latbench.errors import BadInput
from latbench.zoo.registry import models, spec
from latbench.zoo.spec import ModelSpec
from latbench.zoo.weights import live


def create_model(name: str, resolution: int | None = None, *, seed: int = 0, **forms: str) -> nn.Module:
    """Return the model `name` in eval mode, without gradients, with weights that depend on `seed` alone.

    It takes images (N, 3, H, W) and returns logits (N, classes). `resolution` (pixels, default the model's own) is
    checked, and used by networks with position-dependent parameters. `forms` choose how it is computed, never what:
    `expand` ("broadcast" | "repeat") and `layout` ("channels_last" | "channels_first"); a network without the choice
    (an MBConv has nothing to expand) ignores it. Raises BadInput for an unknown name, size, form or value.
    """
    chosen = spec(name)
    chosen.check_resolution(chosen.resolution if resolution is None else resolution)
    known = {form for model in models() for form in model.forms}
    for form, value in forms.items():
        if form not in known:
            raise BadInput(f"There is no model form {form!r}; the forms are: {', '.join(sorted(known))}.")
        if form in chosen.forms and value not in chosen.forms[form]:
            values = ", ".join(chosen.forms[form])
            raise BadInput(f"{form}={value!r} is no form of {name}; use one of: {values}.")
    with torch.random.fork_rng(devices=[]):
        model = chosen.build(**{form: value for form, value in forms.items() if form in chosen.forms})
    live(model, seed)
    return model.eval().requires_grad_(False)


def example_input(spec: ModelSpec, resolution: int | None = None, batch: int = 1, seed: int = 0) -> Tensor:
    """Return standard normal images (batch, 3, resolution, resolution) that depend on shape and `seed` alone.

    `resolution` defaults to the model's own; BadInput when the model cannot take it.
    """
    size = spec.resolution if resolution is None else resolution
    spec.check_resolution(size)
    noise = np.random.default_rng(seed).standard_normal((batch, 3, size, size))
    return torch.from_numpy(noise.astype(np.float32))
