"""Two halves, joined by Concat (crt2) or by broadcasting (crt2b): exact for every even length, both axes."""

import pytest

from exporters.lowerings import crt2b
from exporters.lowerings.crt2 import LOWERING

EXACT = 1e-6
both = pytest.mark.parametrize("lowering", [LOWERING, crt2b.LOWERING], ids=["crt2", "crt2b"])


@both
@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize("length", [2, 12, 14, 56, 64, 112])
def test_exact(lowering, axis, length, circular, deviation):
    for batch in (1, 2):
        op = circular(axis, (batch, 3, length, 5) if axis == "h" else (batch, 3, 5, length))
        assert deviation(op, lowering) <= EXACT


def test_without_a_shift_nothing_is_added(circular, built, error_of, operators):
    op = circular("w", (1, 2, 3, 8), shift=False)
    model = built(op, LOWERING)
    assert error_of(model, op) <= EXACT
    assert operators(model) == ["Split", "Add", "MatMul", "Sub", "MatMul", "Add", "Sub", "Concat"]


@both
def test_refused(lowering, circular):
    assert lowering.refusal(circular("h", (1, 2, 13, 4)), None) == "13 is odd"
    assert "dense" in lowering.refusal(circular("h", (1, 2, 12, 4), outputs=2), None)


@both
@pytest.mark.slow
@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize("length", [224, 448])
def test_exact_at_large_lengths(lowering, axis, length, circular, deviation):
    op = circular(axis, (1, 8, length, 40) if axis == "h" else (1, 8, 40, length))
    assert deviation(op, lowering) <= EXACT
