"""Saved torch.export programs: "model.pt2"."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline.own.adapt import adapted
from latbench.pipeline.own.inputs import NONE, Inputs, generate
from latbench.pipeline.own.ports import Axis, Port, settled
from latbench.pipeline.own.tensors import built_of, tensors
from latbench.pipeline.subjects.base import OWN_EAGER_FORMS, OWN_FORMS, Built, Kind, Subject
from latbench.pipeline.wish import SEED, Wish

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.export import ExportedProgram

SUFFIX = ".pt2"


def _open(name: str, resolution: int | None) -> Subject:
    return _fed(name, resolution, NONE)


def _fed(name: str, resolution: int | None, inputs: Inputs) -> Subject:
    path = Path(name)
    if not path.is_file():
        raise BadInput(
            f"There is no file {name}; name an existing {SUFFIX} file, as torch.export.save writes."
        )
    if not zipfile.is_zipfile(path):
        raise BadInput(f"{name} is damaged or no saved program; write it with torch.export.save.")
    return Subject(
        kind=KIND.name,
        name=name,
        resolution=resolution,
        forms=OWN_FORMS,
        eager_forms=OWN_EAGER_FORMS,
        inputs=inputs,
    )


def module_of(program: str, keywords: list[str] | None = None, *, plain: bool = False) -> "nn.Module":
    """Return the module of the saved `program`, in the mode it was captured in.

    Not `plain`, it takes tensors in order and returns a tuple of them; `keywords` are the names by which it
    takes them.
    """
    module: nn.Module = _loaded(program).module()
    return module if plain else adapted(module, keywords, frozen=True)


def _build(wish: Wish) -> Built:
    program = _loaded(wish.name)
    given = _given(program, wish)
    made = f"{__name__}:{module_of.__name__}"
    return built_of(program.module(), given, wish.name, made, {"program": wish.name}, frozen=True)


def _loaded(name: str) -> "ExportedProgram":
    try:
        import torch
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            f"{name} needs PyTorch, which is missing: pip install 'latbench[torch]'."
        ) from error
    try:
        return torch.export.load(name)
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())[:300].rstrip(".")
        raise BadInput(
            f"{name} cannot be loaded by torch {torch.__version__}: {said}; save it anew."
        ) from error


def _given(program: "ExportedProgram", wish: Wish) -> "tuple[Tensor, ...] | dict[str, Tensor]":
    """Return the example inputs saved in a program, those of other sizes or values made anew.

    They are by name where the program takes keyword arguments; its own examples are kept where they fit.
    """
    args, kwargs = program.example_inputs or ((), {})
    names = [str(name) for name in program.graph_signature.user_inputs]
    examples = dict(zip(names, (*args, *kwargs.values()), strict=False))
    ports = [_port(name, program, examples.get(name), wish.name) for name in names]
    inputs = settled(ports, wish.inputs, wish.name, wish.resolution)
    made = tensors(generate(inputs, SEED, wish.inputs), named=True)
    asked = wish.inputs.ranges
    found = {
        name: _stretched(examples[name], made[name])
        if name in examples and name not in asked and None not in asked
        else made[name]
        for name in names
    }
    _check_bounds(program, found, wish.name)
    if not kwargs:
        return tuple(found.values())
    if args:
        raise BadInput(f"{wish.name} takes inputs in order and by keyword; export it with one of the two.")
    return dict(zip(kwargs, found.values(), strict=True))


def _stretched(example: "Tensor", made: "Tensor") -> "Tensor":
    """Return the saved example where it has the size wanted, else one with values drawn from its own."""
    import torch

    if example.shape == made.shape:
        return example.detach().contiguous()
    if example.is_floating_point() or not example.numel():
        return made
    generator = torch.Generator().manual_seed(SEED)
    places = torch.randint(example.numel(), made.shape, generator=generator)
    return example.detach().flatten()[places]


def _port(name: str, program: "ExportedProgram", example: Any, what: str) -> Port:
    """Return an input as the program declares it; sizes that it leaves open are those of the example."""
    import torch

    node = next(node for node in program.graph.nodes if node.name == name)
    value = node.meta.get("val")
    if not isinstance(value, torch.Tensor):
        raise BadInput(f"{what} takes {name!r}, which is no tensor; export it with tensors only.")
    axes: tuple[Axis, ...] = tuple(size if isinstance(size, int) else str(size) for size in value.shape)
    usual = tuple(example.shape) if isinstance(example, torch.Tensor) else None
    kind = str(value.dtype).removeprefix("torch.")
    if not hasattr(np, kind) and kind != "bool":
        raise BadInput(f"{what} takes {name!r} as {kind}, which NumPy does not have; export it in float32.")
    return Port(name, axes, np.dtype(kind).type, usual)


def _check_bounds(program: "ExportedProgram", given: "Mapping[str, Tensor]", what: str) -> None:
    """Raise BadInput for a size outside of what the program was exported for, or two for one symbol."""
    sizes: dict[str, int] = {}
    for node in program.graph.nodes:
        if node.name in given:
            for axis, size in zip(node.meta["val"].shape, given[node.name].shape, strict=True):
                if not isinstance(axis, int) and sizes.setdefault(str(axis), size) != size:
                    raise BadInput(
                        f"{what} needs one size for all its axes {axis}, not {sizes[str(axis)]} and {size}; "
                        f"fix it with --pin {axis}=SIZE."
                    )
    for symbol, bounds in program.range_constraints.items():
        if str(symbol) in sizes and not bounds.lower <= sizes[str(symbol)] <= bounds.upper:
            size = sizes[str(symbol)]
            raise BadInput(
                f"{what} was exported for {bounds.lower} to {bounds.upper} as its axis {symbol}, not {size}; "
                "use --pin or --shape within that, or export it anew."
            )


KIND = Kind(
    "program", 0, lambda name: name.lower().endswith(SUFFIX) and "(" not in name, _open, _build, fed=_fed
)
