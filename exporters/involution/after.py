"""What follows an involution channel by channel, for lowerings that do it while they sum."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import batch_norm, only_user

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True, eq=False)
class After:
    """z = scale y + shift, each (C,) in float64, and max(0, z) where `relu`."""

    scale: np.ndarray
    shift: np.ndarray
    relu: bool


def following(y: "ir.Value") -> "tuple[After, ir.Value] | None":
    """Return what is done to `y`, (B, C, H, W), and the value that it makes.

    That is a BatchNormalization with constants and a Relu behind it, if nothing else reads what stands
    between; None where no such norm follows.
    """
    norm = only_user(y, "BatchNormalization")
    affine = None if norm is None else batch_norm(norm)
    if norm is None or affine is None:
        return None
    relu = only_user(norm.outputs[0], "Relu")
    return After(*affine, relu is not None), (norm if relu is None else relu).outputs[0]
