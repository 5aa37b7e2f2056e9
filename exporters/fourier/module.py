"""A module with complex values as one without: the same outputs from the same inputs, to rounding."""

from collections.abc import Callable
from operator import getitem
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from exporters.errors import ExportError, first_line
from exporters.fourier.program import Program, is_complex, operator_name, trace
from exporters.fourier.rules import rules
from exporters.fourier.rules.base import real_dtype
from exporters.fourier.values import Complex, Known, RealView

if TYPE_CHECKING:
    import torch
    from torch.fx import Node


def real_module(
    module: "torch.nn.Module", inputs: "tuple[torch.Tensor, ...]"
) -> "tuple[torch.nn.Module, tuple[str, ...]]":
    """Return a module that computes what `module` does at the shapes of `inputs`, and its inputs' names.

    It returns the tensors of `module`'s result as a flat tuple, holds what it needs of its parameters under
    their own names, and knows complex tensors only as pairs of real ones. Raises ExportError when `module`
    cannot be traced, or applies to complex values what has no rule in `exporters.fourier.rules`.
    """
    import torch

    name = type(module).__name__
    try:
        program = trace(module, inputs)
    except Exception as error:
        raise ExportError(f"{name} cannot be exported: {first_line(error)}.") from error

    class Real(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.here = ""

        def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return _interpret(self, program, name, inputs)

        def constant(self, key: str, dtype: torch.dtype, make: Callable[[], np.ndarray]) -> torch.Tensor:
            key = key if dtype == torch.float32 else f"{key}_{str(dtype).rpartition('.')[2]}"
            if key not in self._buffers:
                self.register_buffer(key, torch.from_numpy(np.array(make(), order="C")).to(dtype))
            return self.get_buffer(key)

    Real.__name__ = name
    real = Real().eval()
    for node in program.nodes:
        if node.name in program.stored and node.name not in program.known:
            _hold(real, *program.stored[node.name])
    with torch.no_grad():
        real(*inputs)  # makes every constant, before torch traces it: there, tensors have no values
    return real, program.inputs


def _interpret(
    real: Any, program: Program, name: str, inputs: "tuple[torch.Tensor, ...]"
) -> "tuple[torch.Tensor, ...]":
    fed = dict(zip(program.inputs, inputs, strict=True))
    values: dict[Node, Any] = {}
    for node in program.nodes:
        real.here = node.name
        if node.name in program.known:
            dtype = real_dtype(node.meta["val"].dtype)
            values[node] = Known(program.known[node.name], f"known_{node.name}", dtype, real)
        elif node.op == "placeholder":
            values[node] = fed[node.name] if node.name in fed else _held(real, program.stored[node.name][0])
        else:
            values[node] = _call(real, node, values, name)
    return tuple(_plain(values[node]) for node in program.outputs)


def _call(real: Any, node: "Node", values: "dict[Node, Any]", name: str) -> Any:
    from torch.fx.node import map_arg
    from torch.utils._pytree import tree_leaves, tree_map

    if node.op == "get_attr":
        return getattr(node.graph.owning_module, str(node.target))
    given: Any = map_arg((node.args, node.kwargs), values.__getitem__)
    called, operator = operator_name(node), cast(Any, node.target)
    rule = rules().get(called)
    if called not in VIEWS:
        given = tree_map(lambda leaf: leaf.tensor if isinstance(leaf, RealView) else leaf, given)
    if rule is None or not rule.keeps:
        given = tree_map(
            lambda leaf: leaf.tensor if isinstance(leaf, Known) and not leaf.complex else leaf, given
        )
    args, kwargs = given
    if not is_complex(node) and not any(isinstance(leaf, Complex | RealView) for leaf in tree_leaves(given)):
        return REAL.get(called, operator)(*args, **kwargs)
    if operator is getitem:
        return operator(*args)
    what = f"{name} cannot be exported: {called} on complex values{_place(node)}"
    instead = "write it with the real and imaginary parts (y.real, y.imag)"
    if rule is None:
        raise ExportError(f"{what} has no form in real operators here; {instead}.")
    try:
        return rule.apply(real, operator, *args, **kwargs)
    except Exception as error:
        raise ExportError(f"{what} fails in real operators ({first_line(error)}); {instead}.") from error


VIEWS = ("aten.select", "aten.view_as_complex", "aten._neg_view")
"""The operators that take what torch.view_as_real gives without making it."""

REAL = {
    **dict.fromkeys(("aten.view", "aten._unsafe_view"), lambda x, size: x.reshape(size)),
    "aten.as_strided": lambda x, *at: x.contiguous().as_strided(*at),
    "aten._neg_view": lambda x: -x,
    **dict.fromkeys(("aten.resolve_neg", "aten.resolve_conj"), lambda x: x),
}
"""Operators on real values that would hold a part to the layout or the pending sign of a complex one."""


def _place(node: "Node") -> str:
    """Return in which part of the model, and where in its source, a node was traced, where known."""
    parts = [path for path, _ in node.meta.get("nn_module_stack", {}).values() if path]
    lines = [line.strip() for line in (node.meta.get("stack_trace") or "").splitlines()]
    places = [line for line in lines if line.startswith("File ")]
    told = [f"in {parts[-1]}"] if parts else []
    if places:
        file, line = places[-1].split(", ")[:2]
        told.append(f"{PurePath(file.removeprefix('File ').strip(chr(34))).name}, {line}")
    return f" ({', '.join(told)})" if told else ""


def _plain(value: Any) -> Any:
    return value.tensor if isinstance(value, Known | RealView) else value


def _hold(real: "torch.nn.Module", target: str, value: "torch.Tensor") -> None:
    """Register a parameter or buffer under its own dotted name."""
    import torch

    *path, last = target.split(".")
    for part in path:
        if part not in real._modules:
            real.add_module(part, torch.nn.Module())
        real = real.get_submodule(part)
    real.register_buffer(last, value.detach())


def _held(real: "torch.nn.Module", target: str) -> "torch.Tensor":
    path, _, last = target.rpartition(".")
    return getattr(real.get_submodule(path), last)
