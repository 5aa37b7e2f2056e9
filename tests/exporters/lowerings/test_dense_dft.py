"""The whole Fourier transform as matrices: exact for any length, primes too, depthwise and dense."""

import pytest

from exporters.lowerings.dense_dft import LOWERING

EXACT = 1e-6


@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize("length", [1, 2, 7, 12, 13, 15, 35, 56, 63, 64, 112])
def test_exact(axis, length, circular, deviation):
    batch = 1 + length % 2
    for outputs in (None, 5):
        op = circular(axis, (batch, 3, length, 4) if axis == "h" else (batch, 3, 4, length), outputs=outputs)
        assert deviation(op, LOWERING) <= EXACT


def test_real_operators_alone(circular, built, operators):
    found = operators(built(circular("h", (1, 3, 8, 5)), LOWERING))
    assert sorted(found) == ["Add"] * 3 + ["MatMul"] * 4 + ["Mul"] * 4 + ["Sub"]
    dense = operators(built(circular("h", (1, 3, 8, 5), outputs=2), LOWERING))
    assert sorted(set(dense)) == ["Add", "MatMul", "Reshape", "Transpose"]
    assert dense.count("Transpose") == 2


def test_every_length_is_taken(circular):
    assert LOWERING.refusal(circular("h", (1, 2, 13, 4), outputs=2), None) is None


@pytest.mark.slow
@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize("length", [224, 448])
def test_exact_at_large_lengths(axis, length, circular, deviation):
    op = circular(axis, (1, 4, length, 40) if axis == "h" else (1, 4, 40, length))
    assert deviation(op, LOWERING) <= EXACT
