"""Which operators of a graph TensorRT's ONNX parser does not take, told before an engine is built.

The parser's own table is docs/operators.md of onnx/onnx-tensorrt. It stands here as of release 10.15 (opsets
9 to 24), the last whose text was at hand; what came later is from the release notes of NVIDIA/TensorRT: 11.0
(2 June 2026) added Swish and 11.2 (4 August 2026) DFT, by a plugin around cuFFT; those of 11.1, 11.3, 11.4
and 11.5 name no new operator. The table knows nothing of memory, shapes or kernels: a graph that passes may
still fail to become an engine, and what the parser says of it is to be told as well.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exporters.errors import InputError, first_line

if TYPE_CHECKING:
    import onnx

TABLE = (10, 15)
"""The release whose table this is; an earlier 10.x may take less."""

_TAKEN = """
Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool BatchNormalization
BlackmanWindow Cast CastLike Ceil Celu Clip Concat Constant ConstantOfShape Conv ConvTranspose Cos Cosh
CumSum DeformConv DepthToSpace DequantizeLinear Div Dropout Einsum Elu Equal Erf Exp Expand EyeLike Flatten
Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater
GreaterOrEqual GridSample GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax Identity
If ImageScaler InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log
LogSoftmax Loop LpNormalization LpPool MatMul Max MaxPool Mean MeanVarianceNormalization Min Mish Mod Mul
Neg NonMaxSuppression NonZero Not OneHot Or PRelu Pad ParametricSoftplus Pow QuantizeLinear RMSNormalization
RNN RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2
ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu
Reshape Resize ReverseSequence RoiAlign RotaryEmbedding Round STFT ScaledTanh Scan Scatter ScatterElements
ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split
Sqrt Squeeze Sub Sum Tan Tanh TensorScatter ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Upsample
Where Xor
"""
TAKEN = frozenset(_TAKEN.split())
SINCE = {"Swish": (11, 0), "DFT": (11, 2)}

MENDS = {
    "DFT": "export it with --parc auto, or another lowering than dft_op",
    "Col2Im": "write the fold as a transposed convolution or as shifted sums",
    "Det": "compute the determinant from its minors",
    "Unique": "its output has no fixed shape: take it out of the exported module",
    "Compress": "its output has no fixed shape: use Where, or slices known at export",
    "MaxUnpool": "use Resize or ConvTranspose",
    "MaxRoiPool": "use RoiAlign",
}
MEND = "write the module without it"
ANOTHER_DOMAIN = "load a TensorRT plugin of that name, or export the module with operators of ONNX alone"

_TYPES = "FLOAT FLOAT16 BFLOAT16 FLOAT8E4M3FN FLOAT4E2M1 DOUBLE INT64 INT32 INT8 INT4 UINT8 BOOL"
TYPES = frozenset(_TYPES.split())
"""Of tensors, by their names in ONNX; a double within the graph is computed in single precision."""


@dataclass(frozen=True)
class Unsupported:
    """What TensorRT does not take: an `operator` (or tensors of a type), `count` times, and what to do.

    `names` are the nodes' names, or their first outputs where they have none. `reason` is None when the
    operator is missing altogether, else the restriction that is broken. `since` is the first release that
    takes it, None when none of those known here does.
    """

    operator: str
    count: int
    names: tuple[str, ...]
    mend: str
    reason: str | None = None
    since: tuple[int, int] | None = None

    def __str__(self) -> str:
        """Return one phrase: the operator, how often, the first names, the reason and the mend."""
        shown = ", ".join(self.names[:3]) + (", ..." if self.count > 3 else "")
        why = "" if self.reason is None else f": {self.reason}"
        newer = "" if self.since is None else f", or use TensorRT {self.since[0]}.{self.since[1]} or later"
        return f"{self.operator} x{self.count} ({shown}){why}; {self.mend}{newer}"


def unsupported(
    model: "onnx.ModelProto | str | Path", version: str | None = None, plugins: Collection[str] = ()
) -> tuple[Unsupported, ...]:
    """Return what TensorRT's parser would not take of `model` (or of the file at that path), () when nothing.

    `version` is that of the TensorRT at hand ("11.4.0.106"); without one, what some release since 10.15
    lacks is told, with the release that brought it. `plugins` are operators that loaded plugins provide.
    Sorted by operator. InputError when the file is no ONNX model.
    """
    import onnx

    if not isinstance(model, onnx.ModelProto):
        model = _load(Path(model))
    release = None if version is None else _release(version)
    found: dict[tuple[str, str | None, str], list[str]] = {}
    constants = _constants(model)
    functions = {(function.domain, function.name) for function in model.functions}
    for node in _nodes(model):
        if node.op_type not in plugins and (node.domain, node.op_type) not in functions:
            for reason, mend in _broken(node, constants, release):
                found.setdefault((node.op_type, reason, mend), []).append(_name(node))
    for kind, mend, name in _types(model):
        found.setdefault((kind, None, mend), []).append(name)
    told = sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    return tuple(
        Unsupported(
            operator, len(names), tuple(names), mend, reason, SINCE.get(operator) if reason is None else None
        )
        for (operator, reason, mend), names in told
    )


def _load(path: Path) -> "onnx.ModelProto":
    import onnx

    try:
        return onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's own errors have no common class
        raise InputError(f"{path} cannot be read as an ONNX model: {first_line(error)}.") from error


def _release(version: str) -> tuple[int, int]:
    major, minor, *_ = [*version.split("."), "0"]
    return int(major), int(minor)


def _nodes(model: "onnx.ModelProto") -> "Iterator[onnx.NodeProto]":
    """Yield every node: of the graph, of the branches and loops in it, and of the model's own functions."""
    waiting = [list(model.graph.node), *(list(function.node) for function in model.functions)]
    while waiting:
        for node in waiting.pop(0):
            yield node
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    waiting.append(list(attribute.g.node))
                waiting.extend(list(graph.node) for graph in attribute.graphs)


def _constants(model: "onnx.ModelProto") -> set[str]:
    """Return the names of the graph's initializers, and of what Constant makes anywhere in it."""
    made = (name for node in _nodes(model) if node.op_type == "Constant" for name in node.output)
    return {*(tensor.name for tensor in model.graph.initializer), *made}


def _name(node: "onnx.NodeProto") -> str:
    return node.name or next(filter(None, node.output), node.op_type)


def _types(model: "onnx.ModelProto") -> Iterator[tuple[str, str, str]]:
    """Yield what tensors there are that no engine has, the mend, and the name of each."""
    import onnx

    name_of = onnx.TensorProto.DataType.Name
    held = [(tensor.name, name_of(tensor.data_type)) for tensor in model.graph.initializer]
    values = (*model.graph.input, *model.graph.output)
    border = [(value.name, name_of(value.type.tensor_type.elem_type)) for value in values]
    for name, kind in held + border:
        if kind not in TYPES:
            yield f"tensors of {kind.lower()}", "export the module with int64 or float32 instead", name
    for name, kind in border:
        if kind == "DOUBLE":
            yield "inputs and outputs of double", "export the module in float32", name


Attributes = dict[str, object]
Rule = Callable[["onnx.NodeProto", Attributes, Collection[str]], str | None]


def _broken(
    node: "onnx.NodeProto", constants: Collection[str], release: tuple[int, int] | None
) -> Iterator[tuple[str | None, str]]:
    """Yield why `node` is not taken (None: the operator is missing) and the mend; nothing when it is."""
    import onnx

    if node.domain not in ("", "ai.onnx"):
        yield f"it is of the domain {node.domain}, not of ONNX", ANOTHER_DOMAIN
    elif node.op_type not in TAKEN:
        since = SINCE.get(node.op_type)
        if since is None or release is None or release < since:
            yield None, MENDS.get(node.op_type, MEND)
    elif node.op_type in RESTRICTED:
        rule, mend = RESTRICTED[node.op_type]
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        reason = rule(node, attributes, constants)
        if reason is not None:
            yield reason, mend


def _pool(node: "onnx.NodeProto", given: Attributes, _: Collection[str]) -> str | None:
    kernel, dilations = given.get("kernel_shape", ()), given.get("dilations", ())
    assert isinstance(kernel, list | tuple)
    assert isinstance(dilations, list | tuple)
    if len(kernel) not in (2, 3):
        return "only pooling over two or three axes is taken"
    if any(step != 1 for step in dilations):
        return "dilated pooling is not taken"
    return (
        "the indices of the largest values are not given" if len(node.output) > 1 and node.output[1] else None
    )


def _layer_norm(node: "onnx.NodeProto", _: Attributes, __: Collection[str]) -> str | None:
    return "only its first output is given" if any(node.output[1:]) else None


def _reduce(node: "onnx.NodeProto", _: Attributes, constants: Collection[str]) -> str | None:
    axes = node.input[1] if len(node.input) > 1 else ""
    return "its axes must be constants" if axes and axes not in constants else None


def _resize(_: "onnx.NodeProto", given: Attributes, __: Collection[str]) -> str | None:
    mode, where = given.get("mode", b"nearest"), given.get("coordinate_transformation_mode", b"half_pixel")
    assert isinstance(mode, bytes)
    assert isinstance(where, bytes)
    if mode not in (b"nearest", b"linear"):
        return f"mode {mode.decode()} is not taken"
    if where not in WHERE:
        return f"coordinates {where.decode()} are not taken"
    if given.get("antialias", 0):
        return "antialiasing is not taken"
    kept = given.get("keep_aspect_ratio_policy", b"stretch")
    return None if kept == b"stretch" else "only the aspect ratio policy stretch is taken"


def _scatter(_: "onnx.NodeProto", given: Attributes, __: Collection[str]) -> str | None:
    return None if given.get("reduction", b"none") == b"none" else "it cannot reduce"


def _top_k(_: "onnx.NodeProto", given: Attributes, __: Collection[str]) -> str | None:
    return None if given.get("sorted", 1) == 1 else "its values are always sorted"


WHERE = (b"half_pixel", b"pytorch_half_pixel", b"tf_half_pixel_for_nn", b"asymmetric", b"align_corners")
_REDUCTIONS = "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare"
REDUCTIONS = _REDUCTIONS.split()
CONSTANT_AXES = "export it with static shapes"
RESTRICTED: dict[str, tuple[Rule, str]] = {
    "AveragePool": (_pool, "give it two axes by a Reshape"),
    "MaxPool": (_pool, "give it two axes by a Reshape, without dilations or indices"),
    "LayerNormalization": (_layer_norm, "take its mean by ReduceMean where it is needed"),
    "Resize": (_resize, "use nearest or linear without antialiasing, or resize before the export"),
    "ScatterND": (_scatter, "write the reduction with other operators"),
    "TopK": (_top_k, "export it sorted"),
    **dict.fromkeys((f"Reduce{kind}" for kind in REDUCTIONS), (_reduce, CONSTANT_AXES)),
    "CumSum": (_reduce, CONSTANT_AXES),
}
"""Operators taken only in part: what a node breaks, and the mend.

Restrictions not read here, such as those of recurrent layers, are the parser's to tell.
"""
