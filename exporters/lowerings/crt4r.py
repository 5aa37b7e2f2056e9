"""As crt4, each row of an image transformed where it lies: both Transposes along W move long runs."""

from typing import TYPE_CHECKING

from exporters.lowerings import crt4
from exporters.lowerings.base import FOURIER, Circular, Lowering
from exporters.lowerings.dft import pair_products, pair_rows, shifted

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", op: Circular, factor: int | None) -> "ir.Value":
    """Return y by many small products (N1, N1) (N1, N2), one a row, as first and as last of three.

    A row is read as (N1, N2), so x is read in order, and its pairs of residues come to lie side by side: 2 N2
    numbers that one Transpose gathers for the product of each pair, and one takes back. Along H nothing is
    moved: there it is crt4 itself.
    """
    assert factor is not None
    if op.axis == "h":
        return crt4.build(builder, x, op, factor)
    batch, channels, height, width = op.shape
    inner, rows = width // factor, pair_rows(factor)
    image = builder.reshape(x, batch, channels, height, factor, inner)
    residues = builder.node("MatMul", builder.floats(rows), image)
    pairs = builder.reshape(residues, batch, channels, height, factor // 2, 2 * inner)
    matrices = builder.floats(pair_products(op.weight, factor).swapaxes(-1, -2))
    product = builder.node("MatMul", builder.transpose(pairs, 0, 1, 3, 2, 4), matrices)
    product = builder.transpose(product, 0, 1, 3, 2, 4)
    product = builder.reshape(product, batch, channels, height, factor, inner)
    y = builder.node("MatMul", builder.floats(rows.T), product)
    return shifted(builder, builder.reshape(y, *op.shape), op)


def factors(op: Circular) -> tuple[int, ...]:
    """Return those of crt4, none where this is the same."""
    return crt4.factors(op) if op.axis == "w" else ()


LOWERING = Lowering(
    name="crt4r",
    family=FOURIER,
    build=build,
    mathematics="y = A' M A x: as crt4, A and A' applied to each row by itself",
    refusal=crt4.refusal,
    factors=factors,
    takes_factor=True,
)
