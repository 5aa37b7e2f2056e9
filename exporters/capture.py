"""Capture: an eager module and its example inputs become an ONNX graph at the opset that was asked for."""

import contextlib
import io
import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from exporters.errors import ExportError, InputError, first_line

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir
    import torch

    from exporters.parity import Parity

OLDEST_OPSET, NEWEST_OPSET = 18, 24


@dataclass(frozen=True)
class Captured:
    """A captured graph, the traced program it came from, and the eager inputs and outputs by name."""

    model: "ir.Model"
    program: "torch.export.ExportedProgram"
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    sensitivity: float | None
    """max|f(x) - f(x')| / max|f(x)| for another seeded input x', the largest over the outputs.

    Near 0, parity proves nothing; None when no output can tell.
    """
    admitted: "dict[str, tuple[onnx.ModelProto, Parity]]" = field(default_factory=dict, compare=False)
    """The first stages of an export and their parity, for further exports of the same capture."""


def capture(
    module: "torch.nn.Module",
    example_inputs: tuple["torch.Tensor", ...],
    opset: int,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    *,
    fourier: str = "lowered",
) -> Captured:
    """Return the graph of `module` in eval mode at static shapes, with its eager fp32 outputs.

    The module is left as it was. `fourier` says what becomes of complex values, torch.fft's among them:
    "lowered" gives plain real operators, "dft_op" what torch's own exporter writes (ONNX's DFT operator).
    Raises InputError when the module cannot run on its example inputs or takes or returns complex tensors,
    ExportError when it cannot be traced or the exporter yields another opset than `opset`.
    """
    import torch

    from exporters.fourier.module import real_module
    from exporters.fourier.watch import complex_values

    if not OLDEST_OPSET <= opset <= NEWEST_OPSET:
        raise InputError(f"Opset {opset} is not supported; use --opset {OLDEST_OPSET} to {NEWEST_OPSET}.")
    if not isinstance(example_inputs, tuple) or not all(isinstance(x, torch.Tensor) for x in example_inputs):
        raise InputError(
            "The example inputs must be a tuple of tensors, one for each argument of the module."
        )
    with _evaluating(module), torch.no_grad():
        _refuse_complex(module, "takes", example_inputs, "take x as torch.view_as_real(x), or its two parts")
        expected = _flat(_run(module, example_inputs))
        _refuse_complex(module, "returns", expected, "return torch.view_as_real(y), or y.real and y.imag")
        if not all(bool(tensor.isfinite().all()) for tensor in expected):
            raise InputError(
                f"{type(module).__name__} returns values that are not finite on its example input, so "
                "nothing can be compared; give it weights and an input that keep them finite."
            )
        with complex_values() as complex_operators:
            other = _flat(_run(module, tuple(_another(value) for value in example_inputs)))
        if complex_operators and fourier == "lowered":
            with _quiet():
                module, own_names = real_module(module, example_inputs)
            input_names = input_names or own_names
        program = _trace(module, example_inputs, opset, input_names, output_names)
    graph = program.model.graph
    found = program.model.opset_imports.get("", graph.opset_imports.get(""))
    if found != opset:
        raise ExportError(
            f"The exporter wrote opset {found} where {opset} was asked for; use --opset {found}."
        )
    names = [value.name or "" for value in graph.inputs]
    return Captured(
        model=program.model,
        program=program.exported_program,
        inputs={name: _array(value) for name, value in zip(names, example_inputs, strict=True)},
        outputs={
            value.name or "": _array(tensor) for value, tensor in zip(graph.outputs, expected, strict=True)
        },
        sensitivity=_sensitivity(expected, other),
    )


def _refuse_complex(
    module: "torch.nn.Module", does: str, tensors: "Sequence[torch.Tensor]", instead: str
) -> None:
    if any(tensor.is_complex() for tensor in tensors):
        raise InputError(
            f"{type(module).__name__} {does} a complex tensor, and ONNX Runtime, OpenVINO and TensorRT "
            f"have none; {instead}."
        )


@contextlib.contextmanager
def _evaluating(module: "torch.nn.Module") -> Iterator[None]:
    """Hold every part of `module` in eval mode, then put each back into the mode it was in."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _run(module: "torch.nn.Module", inputs: tuple["torch.Tensor", ...]) -> Any:
    try:
        return module(*(value.clone() for value in inputs))  # a module may write into what it is given
    except Exception as error:
        raise InputError(
            f"{type(module).__name__} cannot run on its example input "
            f"{', '.join(str(tuple(value.shape)) for value in inputs)}: {first_line(error)}."
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
            f"{type(module).__name__} cannot be exported: {first_line(error.__cause__ or error)}."
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks on optional packages and deprecations out of the user's terminal."""
    loggers = [logging.getLogger(name) for name in ("torch", "torch.onnx")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
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
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _another(value: "torch.Tensor") -> "torch.Tensor":
    """Return a tensor like `value`: standard normal, or integers that lie between those of `value`."""
    import torch

    generator = torch.Generator().manual_seed(1)
    if value.is_floating_point():
        return torch.randn(value.shape, generator=generator).to(value.dtype)
    if value.numel() == 0:
        return value
    low, high = int(value.min()), int(value.max())
    return torch.randint(low, high + 1, value.shape, generator=generator).to(value.dtype)


def _array(value: "torch.Tensor") -> np.ndarray:
    try:
        return value.detach().cpu().numpy()
    except TypeError as error:
        raise InputError(
            f"Values of {value.dtype} have no place in a reference; export the module in float32."
        ) from error


def _flat(outputs: Any) -> list["torch.Tensor"]:
    import torch

    if isinstance(outputs, torch.Tensor):
        return [outputs]
    leaves, _ = torch.utils._pytree.tree_flatten(outputs)
    if not leaves or not all(isinstance(leaf, torch.Tensor) for leaf in leaves):
        raise InputError("The module must return tensors (alone, or in tuples, lists and dicts).")
    return leaves


def _sensitivity(first: "Sequence[torch.Tensor]", second: "Sequence[torch.Tensor]") -> float | None:
    ratios = []
    for one, another in zip(first, second, strict=True):
        a, b = one.double(), another.double()
        if a.shape == b.shape and a.numel() and (scale := float(a.abs().max())) > 0:
            ratios.append(float((a - b).abs().max()) / scale)
    return max((ratio for ratio in ratios if math.isfinite(ratio)), default=None)
