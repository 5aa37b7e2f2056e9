"""Networks as timm defines them, never with downloaded weights."""

from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
from torch import nn

from latbench.errors import BadInput
from latbench.zoo.counts import count
from latbench.zoo.timm_import import imported
from latbench.zoo.weights import calibrate, live

PREFIX = "timm:"
FUSED, TRAIN = "fused", "train"
FOLDS = ("fuse", "reparameterize", "switch_to_deploy")
CALIBRATION_IMAGES = 2


def network(name: str, resolution: int | None = None, reparam: str = FUSED) -> nn.Module:
    """Return timm's model `name` ("fasternet_t0", "resnet50.a1_in1k") with freshly initialised weights.

    It takes images (N, channels, H, W) and returns logits (N, classes). One that is built for a resolution,
    in pixels, is built for the one given (default: timm's). With `reparam` "fused", branches that exist for
    training alone are folded into one convolution, as timm does it. BadInput: no such model or size.
    """
    model = _built(name, resolution)[0]
    return fused(model) if reparam == FUSED else model


def fused(model: nn.Module) -> nn.Module:
    """Return `model` with its training branches folded, by timm's own functions; `model` is used up."""
    return imported().utils.reparameterize_model(model.eval(), inplace=True).eval()


def foldable(model: nn.Module) -> bool:
    """Tell whether `fused` changes anything in `model`."""
    return any(hasattr(part, fold) for part in model.modules() for fold in FOLDS)


def create_timm(
    name: str, resolution: int | None = None, *, seed: int = 0, reparam: str = FUSED
) -> nn.Module:
    """Return timm's model `name` in eval mode, without gradients, with weights that depend on `seed` alone.

    Its norms are calibrated, so that an image tells in the logits of whatever architecture it is; a model
    with a short name of the zoo gets the same weights by both names.
    """
    with torch.random.fork_rng(devices=[]):
        model, fixed = _built(name, resolution)
        live(model.eval(), seed)
        size = resolution if fixed else None
        calibrate(model, image(model, size, CALIBRATION_IMAGES, seed))
        return (fused(model) if reparam == FUSED else model).requires_grad_(False)


def image(model: nn.Module, resolution: int | None = None, batch: int = 1, seed: int = 0) -> torch.Tensor:
    """Return standard normal images (batch, channels, resolution, resolution), by default of its own size."""
    channels, own = input_size(model)
    size = own if resolution is None else resolution
    noise = np.random.default_rng(seed).standard_normal((batch, channels, size, size))
    return torch.from_numpy(noise.astype(np.float32))


def input_size(model: nn.Module) -> tuple[int, int]:
    """Return the channels and the resolution in pixels that timm states for its `model`."""
    channels, height, width = _stated(model)["input_size"]
    return channels, max(height, width)


def facts(name: str, resolution: int | None = None) -> dict[str, Any]:
    """Return family, channels, resolution, params, macs and whether branches are folded, as JSON values.

    Counts are of the folded network; macs are None for one that does not take three channels. BadInput with
    near names when there is no such model, or when it cannot take `resolution` (in pixels).
    """
    model, _ = _built(name, resolution)
    family, folds = type(model).__name__, foldable(model)
    channels, own = input_size(model)
    size = own if resolution is None else resolution
    model = fused(model)
    return {
        "family": family,
        "channels": channels,
        "resolution": size,
        "params": sum(parameter.numel() for parameter in model.parameters()),
        "macs": _macs(name, model, size, own) if channels == 3 else None,
        "folds": folds,
    }


def _macs(name: str, model: nn.Module, size: int, own: int) -> int | None:
    try:
        return count(model, size).macs
    except Exception as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200].rstrip(".: ")
        raise BadInput(
            f"{PREFIX}{name} cannot take resolution {size} ({why}); its own is {own}: leave out --resolution."
        ) from error


def _built(name: str, resolution: int | None) -> tuple[nn.Module, bool]:
    """Return the model with its training branches, and whether it was built for `resolution`."""
    timm = imported()
    _check(timm, name)
    fixed = resolution is not None and bool(_stated(name).get("fixed_input_size"))
    if not fixed:
        return timm.create_model(name, pretrained=False), False
    try:
        return timm.create_model(name, pretrained=False, img_size=resolution), True
    except TypeError:  # some are built for one size that cannot be chosen
        return timm.create_model(name, pretrained=False), False
    except (ValueError, AssertionError, RuntimeError) as error:
        why = " ".join(str(error).split())[:200].rstrip(".: ") or "timm refuses it"
        raise BadInput(f"{PREFIX}{name} cannot be built for resolution {resolution}: {why}.") from error


def _stated(model: "nn.Module | str") -> dict[str, Any]:
    """Return what timm states of a model, or of a name, about its input."""
    if isinstance(model, nn.Module):
        return dict(model.pretrained_cfg)  # type: ignore[arg-type]  # timm sets it on every model
    return dict(imported().get_pretrained_cfg(model).to_dict())


def _check(timm: Any, name: str) -> None:
    """Raise BadInput, with near names, when timm has no model `name`."""
    architecture, _, tag = name.partition(".")
    known = timm.list_models()
    if architecture not in known:
        near = get_close_matches(architecture.lower().replace("-", "_"), known, n=3, cutoff=0.5)
        hint = (
            f"did you mean {', '.join(PREFIX + one for one in near)}?"
            if near
            else f"it has {len(known)} of them, none like it."
        )
        raise BadInput(f"timm {timm.__version__} has no model {architecture!r}; {hint}")
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        raise BadInput(f"timm's {architecture} has no tag {tag!r}; use one of: {', '.join(tags) or 'none'}.")
