"""The conversion, from a graph checked to a graph checked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exporters.errors import InputError, first_line
from exporters.graph import prune
from exporters.precision.constants import HALVES
from exporters.precision.keep import kept
from exporters.precision.retype import Retyping

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

BF16_OPSET = 22
"""The opset that lets Conv, pooling and most activations be bf16; those before it let few."""


class Unconvertible(InputError, ValueError):
    """A graph that cannot be converted as it is; one sentence says what stands in the way."""


@dataclass(frozen=True)
class Conversion:
    """The converted graph, and for each operator that stayed in fp32, by its first output, the reason.

    `opset` is that of the converted graph, which for bf16 is 22 at least.
    """

    model: "onnx.ModelProto"
    precision: str
    kept: Mapping[str, str]
    opset: int


def convert(model: "onnx.ModelProto", precision: str) -> "onnx.ModelProto":
    """Return a copy of the fp32 graph `model` that computes in `precision`, "fp16" or "bf16".

    Strongly typed: each tensor's type is stated by the graph. Inputs and outputs keep names, types and
    shapes; weights are rounded to the half type. What stays in fp32, and why, is `conversion(...).kept`. A
    graph without fp32 tensors comes back as it was. Unconvertible (an InputError and a ValueError) when the
    graph is invalid, or has values whose type is not known.
    """
    return conversion(model, precision).model


def conversion(model: "onnx.ModelProto", precision: str) -> Conversion:
    """Return the converted copy of `model` with what stayed in fp32; as `convert`."""
    import onnx
    import onnx_ir as ir
    from onnx_ir.passes.common import LiftConstantsToInitializersPass

    if precision not in HALVES:
        raise Unconvertible(f"There is no conversion to {precision!r}; use one of: {', '.join(HALVES)}.")
    half = HALVES[precision]
    typed = _typed(model)
    if not _has_singles(typed.graph):
        same = onnx.ModelProto()
        same.CopyFrom(model)
        return Conversion(same, precision, {}, _opset(model))
    if half.name == "bf16" and _opset(typed) < BF16_OPSET:
        typed = _typed(_raised(typed))
    graph = ir.from_proto(typed)
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(graph)
    _check_types(graph.graph)
    stay = kept(graph.graph, _opset(typed), half)
    named = {str(node.outputs[0].name): reason for node, reason in stay.items()}
    Retyping(graph.graph, half, _opset(typed), stay).run()
    prune(graph)
    done = ir.to_proto(graph)
    done.graph.ClearField("value_info")
    _state(done, precision, stay)
    _check(done)
    return Conversion(done, precision, named, _opset(done))


def _opset(model: "onnx.ModelProto") -> int:
    return max((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), default=0)


def _typed(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """Return a copy of `model` with its own functions inlined and the type of every value stated."""
    from onnx import inliner, shape_inference

    if model.graph.sparse_initializer:
        raise Unconvertible("Sparse initializers cannot be converted; export the model with dense weights.")
    try:
        inlined = inliner.inline_local_functions(model) if model.functions else model
        return shape_inference.infer_shapes(inlined, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:
        raise Unconvertible(f"The graph's types cannot be told: {first_line(error)}.") from error


def _raised(model: "onnx.ModelProto") -> "onnx.ModelProto":
    from onnx import version_converter

    try:
        return version_converter.convert_version(model, BF16_OPSET)
    except Exception as error:
        raise Unconvertible(
            f"bf16 needs opset {BF16_OPSET}, which this graph cannot be raised to ({first_line(error)}); "
            "export it with a newer --opset."
        ) from error


def _has_singles(graph: "onnx.GraphProto") -> bool:
    import onnx

    single = onnx.TensorProto.FLOAT
    values = (*graph.input, *graph.output, *graph.value_info)
    return any(value.type.tensor_type.elem_type == single for value in values) or any(
        tensor.data_type == single for tensor in graph.initializer
    )


def _check_types(graph: "ir.Graph") -> None:
    for node in graph:
        for value in node.outputs:
            if value.name and value.type is None and (value.uses() or value.is_graph_output()):
                raise Unconvertible(
                    f"The type of {value.name}, made by {node.op_type} of {node.domain or 'ai.onnx'}, is not "
                    "known; state it in the graph's value_info."
                )


def _state(model: "onnx.ModelProto", precision: str, stay: "Mapping[ir.Node, str]") -> None:
    """Write into the metadata what the graph was converted to, and what stayed in fp32."""
    count = Counter(node.op_type for node in stay)
    told = ",".join(f"{operator}:{number}" for operator, number in sorted(count.items()))
    for key, text in (("latbench.precision", precision), ("latbench.kept_fp32", told)):
        entry = model.metadata_props.add()
        entry.key, entry.value = key, text


def _check(model: "onnx.ModelProto") -> None:
    """Raise when ONNX's own checker, with strict inference of shapes, refuses the converted graph."""
    import onnx

    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise Unconvertible(f"The converted graph is not valid: {first_line(error)}.") from error
