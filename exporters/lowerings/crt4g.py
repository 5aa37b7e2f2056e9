"""As crt4, the products a grouped convolution whose bias is the transformed shift: no Add is left."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings.base import FOURIER, Circular, Lowering
from exporters.lowerings.crt4 import factors, refusal, transformed
from exporters.lowerings.dft import pair_products, pair_rows

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", op: Circular, factor: int | None) -> "ir.Value":
    """Return y by a matrix product, a convolution with C N1 / 2 groups of 2 N2 channels, a matrix product.

    The transform A is orthogonal, so y = A' (M A x + A s) has s added; along W between two Transposes. The
    convolution is along one axis: of one along two, ONNX Runtime would reorder both sides for its blocked
    layout where 2 N2 is a multiple of 16.
    """
    assert factor is not None
    batch, channels, inner = op.shape[0], op.shape[1], op.length // factor

    def middle(residues: "ir.Value") -> "ir.Value":
        matrices = pair_products(op.weight, factor).reshape(channels * op.length, 2 * inner, 1)
        given = [builder.reshape(residues, batch, channels * op.length, op.other), builder.floats(matrices)]
        if op.shift is not None:
            shift = np.asarray(op.shift, np.float64).reshape(channels, factor, inner)
            given.append(builder.floats((pair_rows(factor) @ shift).reshape(-1)))
        return builder.node("Conv", *given, group=channels * factor // 2, kernel_shape=[1])

    return transformed(builder, x, op, factor, middle)


LOWERING = Lowering(
    name="crt4g",
    family=FOURIER,
    build=build,
    mathematics="y = A' (M A x + A s): as crt4, M a grouped convolution and the shift its bias",
    refusal=refusal,
    factors=factors,
    takes_factor=True,
)
