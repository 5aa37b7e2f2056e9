"""Pairs of residues: exact for every even factor, on both axes; nothing moved along H."""

import pytest

from exporters.lowerings.crt4 import LOWERING
from exporters.lowerings.dft import divisors

EXACT = 1e-6
LENGTHS = (12, 56, 60, 64, 112)


@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize(("length", "factor"), [(n, f) for n in LENGTHS for f in divisors(n) if f % 2 == 0])
def test_exact(axis, length, factor, circular, deviation):
    batch = 1 + factor % 3 % 2
    op = circular(axis, (batch, 3, length, 5) if axis == "h" else (batch, 3, 5, length))
    assert deviation(op, LOWERING, factor) <= EXACT


def test_along_h_nothing_is_moved(circular, built, operators):
    plain = ["Reshape", "MatMul", "Reshape", "MatMul", "Reshape", "MatMul", "Reshape"]
    h, w = circular("h", (1, 2, 8, 3)), circular("w", (1, 2, 3, 8))
    assert operators(built(h, LOWERING, 4)) == [*plain, "Add"]
    assert operators(built(w, LOWERING, 4)) == ["Transpose", *plain, "Transpose", "Add"]


def test_refused(circular):
    op = circular("h", (1, 2, 56, 4))
    assert LOWERING.refusal(op, 7) == "7 is odd, and residues go in pairs"
    assert LOWERING.refusal(op, 16) == "56 has no factor 16"
    assert "factor" in LOWERING.refusal(op, None)
    assert LOWERING.refusal(circular("h", (1, 2, 13, 4)), 8) == "13 has no factor 8"
    assert "dense" in LOWERING.refusal(circular("h", (1, 2, 56, 4), outputs=2), 8)


def test_factors_worth_trying_are_near_the_square_root(circular):
    def factors(length):
        return LOWERING.factors(circular("h", (1, 1, length, 1)))

    assert [factors(n)[0] for n in (28, 56, 112)] == [4, 8, 8]
    assert {16, 28} <= set(factors(448))
    assert factors(13) == factors(14) == factors(35) == ()
    assert all(len(factors(n)) <= 4 for n in (240, 448, 512))


@pytest.mark.slow
@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize("length", [224, 448])
def test_exact_at_large_lengths(axis, length, circular, deviation):
    op = circular(axis, (1, 4, length, 40) if axis == "h" else (1, 4, 40, length))
    for factor in divisors(length):
        if LOWERING.refusal(op, factor) is None:
            assert deviation(op, LOWERING, factor) <= EXACT
