"""A module with complex values as a traced program, and what in it follows from the parameters."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exporters.fourier.rules import rules

if TYPE_CHECKING:
    import torch
    from torch.fx import Node


@dataclass(frozen=True)
class Program:
    """What is to be interpreted, in order, and what is known before.

    `stored` are the parameters and buffers by the node that stands for them: their own name and value.
    `known` are the values, in double precision, of nodes that follow from these alone and meet complex ones;
    what only they need is not among `nodes`.
    """

    traced: "torch.fx.GraphModule"
    nodes: "tuple[Node, ...]"
    inputs: tuple[str, ...]
    outputs: "tuple[Node, ...]"
    stored: "dict[str, tuple[str, torch.Tensor]]"
    known: dict[str, np.ndarray]


def trace(module: "torch.nn.Module", inputs: "tuple[torch.Tensor, ...]") -> Program:
    """Return the program of `module` at the shapes of `inputs`, without side effects.

    Operators on complex values that have no rule are taken apart into those that have, where torch knows how.
    Raises whatever torch.export does for a module that it cannot trace.
    """
    import torch
    from torch.export.graph_signature import InputKind, OutputKind

    exported = torch.export.export(module, inputs, strict=False).run_decompositions({})
    ways: Any = torch.export.default_decompositions()
    taken: dict[Any, Any] = {}
    while more := {
        node.target: ways[node.target]
        for node in exported.graph_module.graph.nodes
        if node.op == "call_function"
        and meets_complex(node)
        and operator_name(node) not in rules()
        and node.target in ways
        and node.target not in taken
    }:
        taken |= more
        exported = exported.run_decompositions(taken)
    held = {**exported.constants, **exported.state_dict}
    signature, graph = exported.graph_signature, exported.graph_module.graph
    stored = {
        spec.arg.name: (spec.target, held[spec.target])
        for spec in signature.input_specs
        if spec.kind in (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR) and spec.target
    }
    results = next(node for node in graph.nodes if node.op == "output").args[0]
    wanted = [
        node
        for node, spec in zip(results, signature.output_specs, strict=True)
        if spec.kind is OutputKind.USER_OUTPUT
    ]
    constant = _constant(graph, set(stored))
    known = {node for node in constant if _is_tensor(node) and _borders(node)}
    nodes = _needed(wanted, known)
    return Program(
        traced=exported.graph_module,
        nodes=nodes,
        inputs=tuple(spec.arg.name for spec in signature.input_specs if spec.kind is InputKind.USER_INPUT),
        outputs=tuple(wanted),
        stored=stored,
        known=_values(exported.graph_module, known & set(nodes), stored),
    )


def operator_name(node: "Node") -> str:
    """Return the name of what a node calls, without its overload: "aten.mul"."""
    return str(getattr(node.target, "overloadpacket", node.target))


def is_complex(node: "Node") -> bool:
    """Tell whether a node gives a complex tensor, or several values with one among them."""
    value = node.meta.get("val")
    values = value if isinstance(value, list | tuple) else [value]
    return any(getattr(one, "is_complex", bool)() for one in values)


def meets_complex(node: "Node") -> bool:
    """Tell whether a node takes or gives a complex tensor."""
    return is_complex(node) or any(map(is_complex, node.all_input_nodes))


def _borders(node: "Node") -> bool:
    return meets_complex(node) or any(map(is_complex, node.users))


def _is_tensor(node: "Node") -> bool:
    return hasattr(node.meta.get("val"), "is_complex")


def _constant(graph: "torch.fx.Graph", stored: set[str]) -> "list[Node]":
    """Return the nodes, in order, that follow from parameters, buffers and numbers alone, not from chance."""
    import torch

    found: dict[Node, None] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            follows = node.name in stored
        else:
            tags = getattr(node.target, "tags", ())
            follows = (
                node.op == "call_function"
                and torch.Tag.nondeterministic_seeded not in tags
                and all(one in found for one in node.all_input_nodes)
            )
        if follows:
            found[node] = None
    return list(found)


def _needed(wanted: "list[Node]", known: "set[Node]") -> "tuple[Node, ...]":
    """Return the nodes that `wanted` follow from, in order; what is known needs nothing."""
    seen: set[Node] = set()
    waiting = list(wanted)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += [] if node in known else node.all_input_nodes
    return tuple(node for node in wanted[0].graph.nodes if node in seen) if wanted else ()


def _values(
    traced: "torch.fx.GraphModule", known: "set[Node]", stored: "dict[str, tuple[str, torch.Tensor]]"
) -> dict[str, np.ndarray]:
    """Return the values of `known` by name, computed in double precision where its operators allow it."""
    nodes = [node for node in traced.graph.nodes if node in set(_needed(list(known), set()))]
    try:
        return _evaluated(nodes, known, {name: _doubled(value) for name, (_, value) in stored.items()})
    except RuntimeError:  # an operator between a doubled value and one whose type the program states
        return _evaluated(nodes, known, {name: value for name, (_, value) in stored.items()})


def _evaluated(
    nodes: "list[Node]", known: "set[Node]", stored: "dict[str, torch.Tensor]"
) -> dict[str, np.ndarray]:
    import torch
    from torch.fx.node import map_arg

    values: dict[Node, Any] = {}
    with torch.no_grad():
        for node in nodes:
            if node.op == "placeholder":
                values[node] = stored[node.name]
            elif callable(node.target):
                given: Any = map_arg((node.args, node.kwargs), values.__getitem__)
                values[node] = node.target(*given[0], **given[1])
    return {node.name: values[node].detach().resolve_conj().resolve_neg().cpu().numpy() for node in known}


def _doubled(value: "torch.Tensor") -> "torch.Tensor":
    import torch

    if value.is_complex():
        return value.to(torch.complex128)
    return value.double() if value.is_floating_point() else value
