"""One's own PyTorch models: "package.module:factory", "path/to/file.py:factory(depth=3)"."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline.own.adapt import adapted
from latbench.pipeline.own.factoryname import FactoryName, is_factory, parse
from latbench.pipeline.own.inputs import NONE, Input, Inputs, generate
from latbench.pipeline.own.tensors import built_of, tensors
from latbench.pipeline.subjects.base import OWN_EAGER_FORMS, OWN_FORMS, Built, Kind, Subject
from latbench.pipeline.wish import SEED, Wish

if TYPE_CHECKING:
    from torch import nn

RESOLUTION = 224


def _open(name: str, resolution: int | None) -> Subject:
    return _fed(name, resolution, NONE)


def _fed(name: str, resolution: int | None, inputs: Inputs) -> Subject:
    place = parse(name)
    if place.is_file and not Path(place.module).is_file():
        raise BadInput(f"There is no file {place.module}; name an existing Python file, as in file.py:make.")
    if inputs.pin:
        raise BadInput(f"{name} declares no axes that --pin could fix; give whole shapes with --shape.")
    if inputs.shape and resolution is not None:
        raise BadInput(f"--shape says what {name} takes; leave out --resolution.")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # children get this process's import path
    return Subject(
        kind=KIND.name,
        name=name,
        resolution=resolution,
        forms=OWN_FORMS,
        eager_forms=OWN_EAGER_FORMS,
        inputs=inputs,
    )


def module_of(factory: str, keywords: Sequence[str] | None = None, *, plain: bool = True) -> "nn.Module":
    """Return the module that `factory` makes, in eval mode, from a fixed seed.

    Not `plain`, it takes tensors in order and returns a tuple of them, whatever it does by itself: `keywords`
    are the names by which it takes them.
    """
    module, _ = _made(factory)
    return module if plain else adapted(module, keywords).eval()


def _build(wish: Wish) -> Built:
    module, own = _made(wish.name)
    options = wish.inputs.options or ("--resolution" if wish.resolution is not None else "")
    if own is not None and options:
        raise BadInput(f"The factory {wish.name} returns its own inputs; leave out {options}.")
    given = _generated(wish) if own is None else own
    made = f"{__name__}:{module_of.__name__}"
    return built_of(module, given, f"The factory {wish.name}", made, {"factory": wish.name})


def _generated(wish: Wish) -> Any:
    """Return what --shape asks for, by name where it names them; else an image."""
    import torch

    asked = wish.inputs.shapes
    if not asked:
        size = RESOLUTION if wish.resolution is None else wish.resolution
        if not wish.inputs.values:
            return (torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(SEED)),)
        return tensors(generate((_input("image", (1, 3, size, size), None),), SEED, wish.inputs), named=False)
    names = [one.name for one in asked]
    if any(name is None for name in names) and any(name is not None for name in names):
        raise BadInput(f"--shape names some inputs of {wish.name} and others not; name all of them or none.")
    named = names[0] is not None
    inputs = [_input(one.name or f"input_{at}", one.sizes, one.dtype) for at, one in enumerate(asked)]
    for name in wish.inputs.ranges:
        if name is not None and name not in names:
            raise BadInput(
                f"--range names the input {name!r} of {wish.name}, and no --shape does; give both."
            )
    return tensors(generate(inputs, SEED, wish.inputs), named=named)


def _input(name: str, sizes: tuple[int, ...], dtype: str | None) -> Input:
    import numpy as np

    return Input(name, sizes, np.dtype(dtype or "float32").type)


def _made(name: str) -> "tuple[nn.Module, Any]":
    """Return the module and its own example inputs, a tuple or by keyword, None without any."""
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
    elif isinstance(inputs, Mapping):
        inputs = {str(key): value for key, value in inputs.items() if value is not None}
    elif isinstance(inputs, list | tuple):
        inputs = tuple(inputs)
    held = inputs.values() if isinstance(inputs, dict) else inputs or ()
    if inputs is not None and not (held and all(isinstance(one, torch.Tensor) for one in held)):
        raise BadInput(
            f"The factory {name} returned example inputs that are no tensors; return a tuple or a dictionary "
            "of tensors."
        )
    return module.eval().requires_grad_(False), inputs


def _called(name: str) -> Any:
    place = parse(name)
    try:
        factory = attrgetter(place.attribute)(_imported(place))
    except (ImportError, AttributeError) as error:
        raise BadInput(f"The factory {name} cannot be imported: {_sentence(error)}.") from error
    except Exception as error:
        raise BadInput(f"Importing the module of the factory {name} raised {_sentence(error)}.") from error
    try:
        return factory(*place.args, **place.kwargs)
    except Exception as error:
        raise BadInput(f"The factory {name} raised {_sentence(error)}.") from error


def _imported(place: FactoryName) -> ModuleType:
    """Return the module; a file becomes one with a name of its own, and can import what lies beside it."""
    if not place.is_file:
        return importlib.import_module(place.module)
    path = Path(place.module).resolve()
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name not in sys.modules:
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses and pickles look their module up
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300].rstrip(".: ")


KIND = Kind("factory", 1, is_factory, _open, _build, fed=_fed)
