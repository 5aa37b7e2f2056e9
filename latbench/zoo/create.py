"""A model of the zoo, ready to be exported or run, and an image for it."""

from typing import TYPE_CHECKING

import numpy as np

from latbench.errors import BadInput, EnvironmentFault
from latbench.zoo.registry import models, spec
from latbench.zoo.spec import ModelSpec
from latbench.zoo.weights import calibrate, live, scale

if TYPE_CHECKING:
    from torch import Tensor, nn

CALIBRATION_IMAGES = 2


def create_model(name: str, resolution: int | None = None, *, seed: int = 0, **forms: str) -> "nn.Module":
    """Return the model `name` in eval mode, without gradients, with weights that depend on `seed` alone.

    It takes images (N, 3, H, W) and returns logits (N, classes). `resolution` in pixels (default: the
    model's own) is checked against the sizes the model can take. `forms` choose how it is computed, never
    what: `expand` ("broadcast" | "repeat"), `layout` ("channels_last" | "channels_first" | "blocked") and
    `parc` ("fft", or "spatial", which every other lowering starts from) and `involution` ("unfold", as
    here); a network that lacks a form (an MBConv has nothing to expand) ignores it. Raises BadInput for an
    unknown name, size, form or value, and EnvironmentFault without PyTorch.
    """
    return create(spec(name), resolution, seed=seed, **forms)


def create(chosen: ModelSpec, resolution: int | None = None, *, seed: int = 0, **forms: str) -> "nn.Module":
    """Return the model of a spec as `create_model` does that of a name, raising the same."""
    size = chosen.resolution if resolution is None else resolution
    chosen.check_resolution(size)
    _check_forms(chosen, forms)
    try:
        import torch
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            f"Building {chosen.name} needs PyTorch, which is missing: pip install 'latbench[torch]'."
        ) from error
    if missing := chosen.missing():
        raise EnvironmentFault(missing)
    chosen, own = chosen.at(size), {form: value for form, value in forms.items() if form in chosen.forms}
    with torch.random.fork_rng(devices=[]):
        model = chosen.unfinished(**own)
        live(model.eval(), seed)
        scale(model, chosen.scaled)
        if chosen.calibrated:
            _calibrate(model, chosen, seed)
        return chosen.finish(model, **own).requires_grad_(False)


def _calibrate(model: "nn.Module", chosen: ModelSpec, seed: int) -> None:
    """Calibrate `model` as its spec's default form is, so that every form has the same weights to the bit."""
    plain = chosen.unfinished()
    live(plain.eval(), seed)
    scale(plain, chosen.scaled)
    calibrate(plain, example_input(chosen, batch=CALIBRATION_IMAGES, seed=seed))
    model.load_state_dict(plain.state_dict())


def _check_forms(chosen: ModelSpec, forms: dict[str, str]) -> None:
    known = {form for model in models() for form in model.forms}
    for form, value in forms.items():
        if form not in known:
            raise BadInput(f"There is no model form {form!r}; the forms are: {', '.join(sorted(known))}.")
        if form in chosen.forms and value not in chosen.forms[form]:
            values = ", ".join(chosen.forms[form])
            raise BadInput(f"{chosen.name} has no {form} {value!r}; use one of: {values}.")


def example_input(spec: ModelSpec, resolution: int | None = None, batch: int = 1, seed: int = 0) -> "Tensor":
    """Return standard normal images (batch, 3, resolution, resolution) that depend on shape and `seed` alone.

    `resolution` in pixels defaults to the model's own; BadInput when the model cannot take it.
    """
    import torch

    size = spec.resolution if resolution is None else resolution
    spec.check_resolution(size)
    noise = np.random.default_rng(seed).standard_normal((batch, 3, size, size))
    return torch.from_numpy(noise.astype(np.float32))
