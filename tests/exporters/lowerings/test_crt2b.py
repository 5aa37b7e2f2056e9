"""Nothing is joined; that it is exact, and what it refuses, stands with crt2."""

import pytest

from exporters.lowerings.crt2b import LOWERING

EXACT = 1e-6


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
