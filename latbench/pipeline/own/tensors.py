"""From somebody's module and its example inputs to what is exported and run: `Built`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from exporters.errors import InputError, first_line
from latbench.errors import BadInput
from latbench.pipeline.own.adapt import adapted, named, needed
from latbench.pipeline.own.inputs import TYPES
from latbench.pipeline.subjects.base import Built

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn


def built_of(
    module: "nn.Module",
    given: "tuple[Tensor, ...] | Mapping[str, Tensor]",
    what: str,
    factory: str,
    kwargs: Mapping[str, object],
    *,
    frozen: bool = False,
) -> Built:
    """Return `module` with its inputs `given`, by keyword where they have names, ready to export and to run.

    A module that takes tensors in order and returns them stays as it is; any other stands behind one that
    does, made again by `factory` with `plain` False and the `keywords`. `frozen` modules always do. The
    module is run once to see what it returns. BadInput, beginning with `what`, when it returns anything but
    tensors or takes a type that nothing else has; InputError when it cannot run.
    """
    import torch

    keywords = tuple(given) if isinstance(given, Mapping) else None
    inputs = tuple(given.values()) if isinstance(given, Mapping) else tuple(given)
    for at, tensor in enumerate(inputs):
        _check_type(tensor, f"{what} takes", keywords[at] if keywords else f"input {at + 1}")
    arguments = [tensor.clone() for tensor in inputs]
    try:
        with torch.inference_mode():
            found = module(**dict(zip(keywords, arguments, strict=True))) if keywords else module(*arguments)
    except Exception as error:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in inputs)
        raise InputError(f"{what} cannot run on its example input {shapes}: {first_line(error)}.") from error
    outputs = named(found, what)
    for name, tensor in outputs.items():
        _check_type(tensor, f"{what} returns", name)
    if keywords is None and not frozen and not needed(found):
        return Built(module, inputs, factory, kwargs)
    again = {**kwargs, "keywords": None if keywords is None else list(keywords), "plain": False}
    return Built(
        adapted(module, keywords, frozen=frozen).eval(),
        inputs,
        factory,
        again,
        input_names=None if keywords is None else tuple(_free(name, outputs) for name in keywords),
        output_names=tuple(outputs),
    )


def tensors(arrays: "Mapping[str, np.ndarray]", *, named: bool) -> Any:
    """Return `arrays` as tensors, by name or as a tuple."""
    import torch

    found = {name: torch.from_numpy(array) for name, array in arrays.items()}
    return found if named else tuple(found.values())


def _free(name: str, outputs: Mapping[str, Any]) -> str:
    """Return a name for an input that no output of the graph has."""
    return f"{name}_in" if name in outputs else name


def _check_type(tensor: "Tensor", does: str, name: str) -> None:
    kind = str(tensor.dtype).removeprefix("torch.")
    if kind not in TYPES and not tensor.is_complex():
        raise BadInput(
            f"{does} {kind} as {name}, which no reference file holds; use float32, and --precision for what "
            "a runtime computes in."
        )
