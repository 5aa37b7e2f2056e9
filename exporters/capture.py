"""Capture: an eager module and its example inputs become an ONNX graph at the opset that was asked for."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exporters.errors import ExportError, InputError

if TYPE_CHECKING:
    import onnx_ir as ir
    import torch

OLDEST_OPSET, NEWEST_OPSET = 18, 24


@dataclass(frozen=True)
class Captured:
    """A captured graph, the traced program it came from, and the eager inputs and outputs by name."""

    model: "ir.Model"
    program: "torch.export.ExportedProgram"
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    sensitivity: float
    """max|f(x) - f(x')| / max|f(x)| for another seeded input x': near 0, parity proves nothing."""


def capture(
    module: "torch.nn.Module",
    example_inputs: tuple["torch.Tensor", ...],
    opset: int,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> Captured:
    """Return the graph of `module` in eval mode at static shapes, with its eager fp32 outputs.

    Raises InputError when the module cannot run on its example inputs, ExportError when it cannot be traced or
    the exporter yields another opset than `opset`.
    """
    import torch

    if not OLDEST_OPSET <= opset <= NEWEST_OPSET:
        raise InputError(f"Opset {opset} is not supported; use --opset {OLDEST_OPSET} to {NEWEST_OPSET}.")
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            expected = _flat(_run(module, example_inputs))
            other = _flat(_run(module, tuple(_another(value) for value in example_inputs)))
            program = _trace(module, example_inputs, opset, input_names, output_names)
    finally:
        module.train(was_training)
    graph = program.model.graph
    found = program.model.opset_imports.get("", graph.opset_imports.get(""))
    if found != opset:
        raise ExportError(f"The exporter wrote opset {found} where {opset} was asked for; use --opset {found}.")
    names = [value.name or "" for value in graph.inputs]
    return Captured(
        model=program.model,
        program=program.exported_program,
        inputs={
            name: value.detach().cpu().numpy() for name, value in zip(names, example_inputs, strict=True)
        },
        outputs={
            value.name or "": array.detach().cpu().numpy()
            for value, array in zip(graph.outputs, expected, strict=True)
        },
        sensitivity=_sensitivity(expected, other),
    )


def _run(module: "torch.nn.Module", inputs: tuple["torch.Tensor", ...]) -> Any:
    try:
        return module(*inputs)
    except Exception as error:
        raise InputError(
            f"{type(module).__name__} cannot run on its example input "
            f"{', '.join(str(tuple(value.shape)) for value in inputs)}: {_first_line(error)}"
        ) from error


def _trace(
    module: "torch.nn.Module",
    inputs: tuple["torch.Tensor", ...],
    opset: int,
    input_names: Sequence[str] | None,
    output_names: Sequence[str] | None,
) -> Any:
    import torch

    try:
        with _quiet():
            return torch.onnx.export(
                module,
                inputs,
                dynamo=True,
                opset_version=opset,
                input_names=input_names,
                output_names=output_names,
                verbose=False,
            )
    except Exception as error:
        raise ExportError(
            f"{type(module).__name__} cannot be exported: {_first_line(error.__cause__ or error)}"
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks on optional packages and deprecations out of the user's terminal."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _another(value: "torch.Tensor") -> "torch.Tensor":
    import torch

    if not value.is_floating_point():
        return value
    generator = torch.Generator().manual_seed(1)
    return torch.randn(value.shape, generator=generator, dtype=value.dtype)


def _flat(outputs: Any) -> list["torch.Tensor"]:
    import torch

    if isinstance(outputs, torch.Tensor):
        return [outputs]
    leaves, _ = torch.utils._pytree.tree_flatten(outputs)
    if not leaves or not all(isinstance(leaf, torch.Tensor) for leaf in leaves):
        raise InputError("The module must return tensors (alone, or in tuples, lists and dicts).")
    return leaves


def _sensitivity(first: "Sequence[torch.Tensor]", second: "Sequence[torch.Tensor]") -> float:
    ratios = []
    for a, b in zip(first, second, strict=True):
        scale = float(a.abs().max()) if a.numel() else 0.0
        if a.shape == b.shape and scale > 0:
            ratios.append(float((a - b).abs().max()) / scale)
    return max(ratios, default=0.0)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
