"""Transform over one even factor of the length; per pair of residues, one real matrix product.

A DFT over the slow index, spectrum, twiddles and inner DFT folded into one constant per channel and pair.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from exporters.lowerings.base import FOURIER, Circular, Lowering
from exporters.lowerings.dft import best, divisors, indivisible, pair_products, pair_rows, shifted

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder

LARGEST, INNER = 32, 4
"""Worth trying: factors up to the first, that leave at least the second as N2."""


def build(builder: "Builder", x: "ir.Value", op: Circular, factor: int | None) -> "ir.Value":
    """Return y by three matrix products, (N1, N1), (2 N2, 2 N2) per channel and pair, and (N1, N1) back.

    Along H the reshapes between them move nothing; along W a Transpose stands on either side.
    """
    assert factor is not None
    batch, channels, inner = op.shape[0], op.shape[1], op.length // factor

    def middle(residues: "ir.Value") -> "ir.Value":
        pairs = builder.reshape(residues, batch, channels, factor // 2, 2 * inner, op.other)
        return builder.node("MatMul", builder.floats(pair_products(op.weight, factor)), pairs)

    return shifted(builder, transformed(builder, x, op, factor, middle), op)


def transformed(
    builder: "Builder",
    x: "ir.Value",
    op: Circular,
    factor: int,
    middle: "Callable[[ir.Value], ir.Value]",
) -> "ir.Value":
    """Return A' middle(A x), (B, C, H, W): `middle` maps residues, (B, C, N1, N2 M)."""
    batch, channels, _height, _width = op.shape
    inner, other = op.length // factor, op.other
    rows = pair_rows(factor)
    if op.axis == "w":
        x = builder.transpose(x, 0, 1, 3, 2)
    residues = builder.node(
        "MatMul", builder.floats(rows), builder.reshape(x, batch, channels, factor, inner * other)
    )
    product = builder.reshape(middle(residues), batch, channels, factor, inner * other)
    y = builder.reshape(
        builder.node("MatMul", builder.floats(rows.T), product), batch, channels, op.length, other
    )
    return builder.transpose(y, 0, 1, 3, 2) if op.axis == "w" else y


def refusal(op: Circular, factor: int | None) -> str | None:
    """Return why `op` cannot be split by `factor` into pairs of residues."""
    if op.dense:
        return "a dense correlation has no such form here, crtk has"
    if factor is not None and factor % 2:
        return f"{factor} is odd, and residues go in pairs"
    return indivisible(op, factor)


def factors(op: Circular) -> tuple[int, ...]:
    """Return at most four N1 with the fewest multiplications, 2 (N1 + N2) a number, the fewest first."""
    valid = [n for n in divisors(op.length) if 4 <= n <= LARGEST and refusal(op, n) is None]
    return best([n for n in valid if op.length // n >= INNER], lambda n: n + op.length / n)


LOWERING = Lowering(
    name="crt4",
    family=FOURIER,
    build=build,
    mathematics="y = A' M A x: a real DFT of N1 points, a 2 N2 x 2 N2 matrix per pair of residues, and back",
    refusal=refusal,
    factors=factors,
    takes_factor=True,
)
