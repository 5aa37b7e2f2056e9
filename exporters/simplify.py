"""Simplify: onnxsim, as one step whose effect is checked before and after."""

import contextlib
import io
from typing import TYPE_CHECKING

from exporters.errors import ExportError, first_line

if TYPE_CHECKING:
    import onnx

GEMM = ["fuse_matmul_add_bias_into_gemm", "fuse_matmul_add_bias_into_gemm_batched"]


def simplify(model: "onnx.ModelProto", *, gemm: bool = True) -> "onnx.ModelProto":
    """Return `model` after onnxsim; its parity with the eager module is checked by the caller.

    `gemm` False leaves MatMul and Add apart, as the passes want to find them; merged, they are slightly
    faster in OpenVINO and the same in ONNX Runtime. Raises ExportError when onnxsim cannot read the graph.
    """
    import onnxsim

    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            simplified, _ = onnxsim.simplify(model, skipped_optimizers=None if gemm else GEMM)
    except Exception as error:
        raise ExportError(
            f"onnxsim cannot simplify the graph: {first_line(error)}; nothing was written."
        ) from error
    return simplified
