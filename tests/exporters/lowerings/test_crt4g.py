"""Pairs of residues as a grouped convolution: exact, and the shift is its bias."""

import pytest

from exporters.lowerings.crt4g import LOWERING
from exporters.lowerings.dft import divisors

EXACT = 1e-6
LENGTHS = (12, 56, 60, 64, 112)


@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize(("length", "factor"), [(n, f) for n in LENGTHS for f in divisors(n) if f % 2 == 0])
def test_exact(axis, length, factor, circular, deviation):
    batch = 1 + factor % 3 % 2
    op = circular(axis, (batch, 3, length, 5) if axis == "h" else (batch, 3, 5, length))
    assert deviation(op, LOWERING, factor) <= EXACT


@pytest.mark.parametrize("shift", [True, False])
def test_nothing_is_added_outside_the_convolution(shift, circular, built, error_of, operators):
    op = circular("h", (1, 3, 8, 3), shift=shift)
    model = built(op, LOWERING, 4)
    assert error_of(model, op) <= EXACT
    assert "Add" not in operators(model)
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    assert len(conv.input) == (3 if shift else 2)


def test_refused_as_crt4_is(circular):
    assert LOWERING.refusal(circular("h", (1, 2, 56, 4)), 7) == "7 is odd, and residues go in pairs"
    assert LOWERING.factors(circular("w", (1, 2, 4, 56)))[0] == 8


@pytest.mark.slow
@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize("length", [224, 448])
def test_exact_at_large_lengths(axis, length, circular, deviation):
    op = circular(axis, (1, 4, length, 40) if axis == "h" else (1, 4, 40, length))
    for factor in LOWERING.factors(op):
        assert deviation(op, LOWERING, factor) <= EXACT
