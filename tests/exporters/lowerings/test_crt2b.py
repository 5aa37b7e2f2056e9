"""Halves put together by broadcasting: exact for every even length, on both axes, and nothing is joined."""

import pytest

from exporters.lowerings.crt2b import LOWERING

EXACT = 1e-6


@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize("length", [2, 12, 14, 56, 64, 112])
def test_exact(axis, length, circular, deviation):
    for batch in (1, 2):
        op = circular(axis, (batch, 3, length, 5) if axis == "h" else (batch, 3, 5, length))
        assert deviation(op, LOWERING) <= EXACT


@pytest.mark.parametrize("axis", "hw")
def test_no_halves_are_joined(axis, circular, built, error_of, operators):
    for shift in (False, True):
        op = circular(axis, (1, 2, 4, 4), shift=shift)
        model = built(op, LOWERING)
        assert error_of(model, op) <= EXACT
        found = operators(model)
        assert "Concat" not in found
        assert found.count("MatMul") == 2
        assert found.count("Add") == 2 + shift


def test_refused(circular):
    assert LOWERING.refusal(circular("h", (1, 2, 13, 4)), None) == "13 is odd"
    assert "dense" in LOWERING.refusal(circular("h", (1, 2, 12, 4), outputs=2), None)


@pytest.mark.slow
@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize("length", [224, 448])
def test_exact_at_large_lengths(axis, length, circular, deviation):
    op = circular(axis, (1, 8, length, 40) if axis == "h" else (1, 8, 40, length))
    assert deviation(op, LOWERING) <= EXACT
