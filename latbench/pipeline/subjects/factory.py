"""One's own PyTorch models: "package.module:factory"."""

import importlib
import re
import sys
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporters.lowerings.name import AUTO, VALUES
from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline.subjects.base import PARC, Built, Kind, Subject
from latbench.pipeline.wish import SEED, Wish

if TYPE_CHECKING:
    from torch import Tensor, nn

RESOLUTION = 224
_NAME = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")


def _open(name: str, resolution: int | None) -> Subject:
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is no factory; write package.module:factory, for example mymodels.tiny:make."
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # children get this process's import path
    return Subject(
        kind=KIND.name,
        name=name,
        resolution=resolution,
        forms={PARC: VALUES},
        eager_forms={PARC: (AUTO,)},
    )


def module_of(factory: str) -> "nn.Module":
    """Return the module that `factory` ("package.module:callable") makes, in eval mode, from a fixed seed."""
    return _made(factory)[0]


def _build(wish: Wish) -> Built:
    import torch

    module, own = _made(wish.name)
    if own is not None and wish.resolution is not None:
        raise BadInput(f"The factory {wish.name} returns its own inputs; leave out --resolution.")
    size = RESOLUTION if wish.resolution is None else wish.resolution
    noise = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(SEED))
    kwargs = {"factory": wish.name}
    return Built(module, (noise,) if own is None else own, f"{__name__}:{module_of.__name__}", kwargs)


def _made(name: str) -> "tuple[nn.Module, tuple[Tensor, ...] | None]":
    try:
        import torch
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            f"The factory {name} needs PyTorch, which is missing: pip install 'latbench[torch]'."
        ) from error
    torch.manual_seed(SEED)
    made = _called(name)
    module, inputs = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    if not isinstance(module, torch.nn.Module):
        kind = type(module).__name__
        raise BadInput(
            f"The factory {name} returned a {kind}; it must return an nn.Module, or (module, example_inputs)."
        )
    if isinstance(inputs, torch.Tensor):
        inputs = (inputs,)
    if inputs is not None and not all(isinstance(one, torch.Tensor) for one in inputs):
        raise BadInput(
            f"The factory {name} returned example inputs that are no tensors; return a tuple of tensors."
        )
    return module.eval().requires_grad_(False), None if inputs is None else tuple(inputs)


def _called(name: str) -> Any:
    package, _, attribute = name.partition(":")
    try:
        factory = attrgetter(attribute)(importlib.import_module(package))
    except (ImportError, AttributeError) as error:
        raise BadInput(f"The factory {name} cannot be imported: {_sentence(error)}.") from error
    except Exception as error:
        raise BadInput(f"Importing the module of the factory {name} raised {_sentence(error)}.") from error
    try:
        return factory()
    except Exception as error:
        raise BadInput(f"The factory {name} raised {_sentence(error)}.") from error


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300].rstrip(".: ")


KIND = Kind("factory", 1, lambda name: ":" in name, _open, _build)
