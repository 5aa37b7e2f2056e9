"""Rows transformed where they lie: exact, and what the Transposes move in one piece is 2 N2 long."""

import pytest

from exporters.lowerings.crt4r import LOWERING
from exporters.lowerings.dft import divisors

EXACT = 1e-6
CASES = [(n, f) for n in (8, 12, 56, 64, 112) for f in divisors(n) if f % 2 == 0]


@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize(("length", "factor"), CASES)
def test_exact(axis, length, factor, circular, deviation):
    batch = 1 + factor % 4 // 2
    op = circular(axis, (batch, 3, length, 5) if axis == "h" else (batch, 3, 5, length))
    assert deviation(op, LOWERING, factor) <= EXACT


def test_runs_of_two_blocks_are_moved(circular, built):
    op = circular("w", (1, 3, 5, 24))
    moved = [node for node in built(op, LOWERING, 4).graph.node if node.op_type == "Transpose"]
    assert len(moved) == 2
    for node in moved:
        assert list(node.attribute[0].ints) == [0, 1, 3, 2, 4]


def test_along_h_it_is_crt4_and_not_worth_trying(circular, built, operators):
    op = circular("h", (1, 2, 12, 4))
    assert operators(built(op, LOWERING, 4)) == operators(built(op, "crt4", 4))
    assert LOWERING.factors(op) == ()
    assert 14 in LOWERING.factors(circular("w", (1, 2, 4, 224)))


def test_refused(circular):
    assert "odd" in LOWERING.refusal(circular("w", (1, 2, 4, 21)), 7)
    assert "dense" in LOWERING.refusal(circular("w", (1, 2, 4, 12), outputs=2), 4)


@pytest.mark.slow
@pytest.mark.parametrize("length", [224, 448])
def test_exact_at_large_lengths(length, circular, deviation):
    op = circular("w", (1, 4, 40, length))
    for factor in LOWERING.factors(op):
        assert deviation(op, LOWERING, factor) <= EXACT
