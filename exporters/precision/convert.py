"""The conversion itself: constants rounded, operators retyped, and a Cast wherever two types meet."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exporters.errors import InputError, first_line
from exporters.graph import add_constant, constant, insert, is_op, prune
from exporters.precision.constants import HALVES, Half
from exporters.precision.keep import kept
from exporters.precision.slots import slots

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

BF16_OPSET = 22
"""The opset that lets Conv, pooling and most activations be bf16; those before it let few."""


class Unconvertible(InputError, ValueError):
    """A graph that cannot be converted as it is; one sentence says what stands in the way."""


@dataclass(frozen=True)
class Conversion:
    """The converted graph, and by the name of each operator that stayed in fp32 the reason.

    A node without a name goes by its first output. `opset` is that of the converted graph, which for bf16 is
    22 at least.
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
    _Retyping(graph.graph, half, _opset(typed), stay).run()
    prune(graph)
    done = ir.to_proto(graph)
    done.graph.ClearField("value_info")
    named = {_name(node): reason for node, reason in stay.items()}
    _state(done, precision, stay)
    _check(done)
    return Conversion(done, precision, named, _opset(done))


class _Retyping:
    """One graph being retyped in place; `casts` holds, by value and type, what a Cast made of it."""

    def __init__(self, graph: "ir.Graph", half: Half, opset: int, stay: "Mapping[ir.Node, str]") -> None:
        import onnx_ir as ir

        self.graph, self.half, self.opset, self.stay = graph, half, opset, stay
        self.low, self.single = ir.DataType[half.onnx], ir.DataType.FLOAT
        self.casts: dict[tuple[ir.Value, ir.DataType], ir.Value] = {}
        self.nodes = list(graph)
        self.names = {value.name for node in self.nodes for value in node.outputs}
        self.names |= {value.name for value in graph.inputs} | set(graph.initializers)

    def run(self) -> None:
        """Retype the graph: what is made first, then what is given out, then what is read."""
        import onnx_ir as ir

        lowered = {
            value: self.low
            for node in self.nodes
            if node not in self.stay
            for value, wide in zip(node.outputs, self._places(node)[1], strict=True)
            if wide and value.dtype == self.single
        }
        wishes = [
            (node, place, self.low if wide else self.single)
            for node in self.nodes
            for place, (value, wide) in enumerate(zip(node.inputs, self._places(node)[0], strict=True))
            if value is not None and value.dtype == self.single
        ]
        inner = [
            (use.node, use.idx, self.single)
            for value in lowered
            for use in value.uses()
            if use.node.graph is not self.graph
        ]
        for node in self.nodes:
            if is_op(node, "Cast") and node.outputs[0] in lowered:
                node.attributes["to"] = ir.AttrInt64("to", self.low.value)
        for value, kind in lowered.items():
            value.type = ir.TensorType(kind)
        for place, value in enumerate(self.graph.outputs):
            if value in lowered:
                self._hand_out(place, value)
        for node, place, kind in (*wishes, *inner):
            source = node.inputs[place]
            assert source is not None
            if source.dtype != kind:
                node.replace_input_with(place, self._as(source, kind))
        for node in self.nodes:
            self._drop_idle(node)

    def _places(self, node: "ir.Node") -> tuple[tuple[bool, ...], tuple[bool, ...]]:
        """Return for each input and each output of `node` whether it is to be of the half type."""
        places = None if node in self.stay else slots(node, self.opset, self.half)
        if places is None:
            return (False,) * len(node.inputs), (False,) * len(node.outputs)
        return places.inputs, places.outputs

    def _as(self, value: "ir.Value", kind: "ir.DataType") -> "ir.Value":
        """Return `value` in the type `kind`: a rounded constant, or what the one Cast to it makes."""
        import onnx_ir as ir

        if (value, kind) not in self.casts:
            array = constant(value)
            name = self._free(f"{value.name}.{self.half.name if kind == self.low else 'fp32'}")
            if array is not None:
                self.casts[value, kind] = add_constant(self.graph, name, self.half.rounded(array))
            else:
                maker = value.producer()
                anchor = self.nodes[0] if maker is None else maker
                cast = insert(anchor, "Cast", [value], name, {"to": kind.value}, after=maker is not None)
                cast.type, cast.shape = ir.TensorType(kind), value.shape
                self.casts[value, kind] = cast
        return self.casts[value, kind]

    def _hand_out(self, place: int, value: "ir.Value") -> None:
        """Let the graph give out `value` in fp32 under its name."""
        name = value.name
        value.name = self._free(f"{name}.{self.half.name}")
        cast = self._as(value, self.single)
        cast.name = name
        self.graph.outputs[place] = cast

    def _drop_idle(self, node: "ir.Node") -> None:
        """Remove a Cast of the graph's own that is to the type which its input now has."""
        if not is_op(node, "Cast") or node.outputs[0].is_graph_output():
            return
        source, result = node.inputs[0], node.outputs[0]
        if source is not None and source.dtype == result.dtype:
            result.replace_all_uses_with(source)

    def _free(self, name: str) -> str:
        number, free = 0, name
        while free in self.names:
            number += 1
            free = f"{name}.{number}"
        self.names.add(free)
        return free


def _name(node: "ir.Node") -> str:
    return node.name or node.outputs[0].name or node.op_type


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
