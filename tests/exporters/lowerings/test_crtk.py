"""Three products a residue: exact for every factor, odd ones too, depthwise and dense."""

import pytest

from exporters.lowerings.crtk import LOWERING
from exporters.lowerings.dft import divisors

EXACT = 1e-6
LENGTHS = (12, 15, 35, 56, 63, 64, 112)


@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize(("length", "factor"), [(n, f) for n in LENGTHS for f in divisors(n) if f < n])
def test_exact(axis, length, factor, circular, deviation):
    batch = 1 + factor % 2
    op = circular(axis, (batch, 3, length, 5) if axis == "h" else (batch, 3, 5, length))
    assert deviation(op, LOWERING, factor) <= EXACT


@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize(("length", "factor"), [(n, f) for n in (7, 12, 13, 14, 15, 28) for f in divisors(n)])
def test_dense_is_exact(axis, length, factor, circular, deviation):
    shape = (1 + factor % 2, 3, length, 4) if axis == "h" else (1 + factor % 2, 3, 4, length)
    for outputs in (2, 5):
        assert deviation(circular(axis, shape, outputs=outputs), LOWERING, factor) <= EXACT


def test_a_dense_one_moves_the_activations_twice(circular, built, operators):
    for axis in "hw":
        found = operators(built(circular(axis, (1, 3, 6, 6), outputs=4), LOWERING, 6))
        assert found.count("Transpose") == 2
        assert found.count("MatMul") == 3
        assert found.count("Reshape") == 4


def test_refused(circular):
    op = circular("h", (1, 2, 13, 4))
    assert LOWERING.refusal(op, 7) == "13 has no factor 7"
    assert "nothing of the length 13" in LOWERING.refusal(op, 13)
    assert LOWERING.refusal(circular("h", (1, 2, 13, 4), outputs=2), 13) is None
    assert "factor" in LOWERING.refusal(op, None)


def test_factors_worth_trying(circular):
    def factors(length, outputs=None):
        return LOWERING.factors(circular("w", (1, 2, 1, length), outputs=outputs))

    assert factors(13) == ()
    assert 14 in factors(448)
    assert 7 in factors(112)
    assert factors(14, outputs=2)[0] == 14
    assert factors(13, outputs=2) == (13,)
    assert all(0 < len(factors(n, outputs)) <= 4 for n in (56, 240, 448) for outputs in (None, 2))


@pytest.mark.slow
@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize("length", [224, 448])
def test_exact_at_large_lengths(axis, length, circular, deviation):
    op = circular(axis, (1, 4, length, 40) if axis == "h" else (1, 4, 40, length))
    for factor in divisors(length):
        if LOWERING.refusal(op, factor) is None:
            assert deviation(op, LOWERING, factor) <= EXACT
