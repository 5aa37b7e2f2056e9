"""Simplify: onnxsim, as one step whose effect is checked before and after."""

import contextlib
import io
from typing import TYPE_CHECKING, Any

from exporters.errors import ExportError, first_line

if TYPE_CHECKING:
    import onnx

_STATIC = frozenset({"Shape", "Size"})
"""Operators whose outputs may be constant where their inputs are not."""

GEMM = ["fuse_matmul_add_bias_into_gemm", "fuse_matmul_add_bias_into_gemm_batched"]


def simplify(model: "onnx.ModelProto", *, gemm: bool = True) -> "onnx.ModelProto":
    """Return `model` after onnxsim; its parity with the eager module is checked by the caller.

    `gemm` False leaves MatMul and Add apart, as the passes want to find them; merged, they are slightly
    faster in OpenVINO and the same in ONNX Runtime. Raises ExportError when onnxsim cannot read the graph.
    """
    skipped = None if gemm else GEMM
    folds = has_constant_nodes(model)
    simplified = _run(model, skipped_optimizers=skipped, skip_constant_folding=not folds)
    if not folds and has_constant_nodes(simplified):
        return _run(simplified, skipped_optimizers=skipped)
    return simplified


def has_constant_nodes(model: "onnx.ModelProto") -> bool:
    """Tell whether some node may be computed from constants alone, or holds a graph in which one may.

    Where none is, onnxsim's folding changes nothing, yet takes 10 ms and 5 MB a node on graphs of thousands.
    """
    constant = {"", *(tensor.name for tensor in model.graph.initializer)}
    return any(
        constant.issuperset(node.input)
        or node.op_type in _STATIC
        or any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute)
        for node in model.graph.node
    )


def _run(model: "onnx.ModelProto", **options: Any) -> "onnx.ModelProto":
    import onnxsim

    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            simplified, _ = onnxsim.simplify(model, **options)
    except Exception as error:
        raise ExportError(
            f"onnxsim cannot simplify the graph: {first_line(error)}; nothing was written."
        ) from error
    return simplified
