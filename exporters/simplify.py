"""Simplify: onnxsim, as one step whose effect is checked before and after."""

import contextlib
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


def simplify(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """Return `model` after onnxsim; its parity with the eager module is checked by the caller."""
    import onnxsim

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        simplified, _ = onnxsim.simplify(model)
    return simplified
