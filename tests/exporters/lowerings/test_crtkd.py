"""The transform as a convolution: exact, and the first Transpose is gone."""

import pytest

from exporters.lowerings.crtkd import LOWERING
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
    op = circular(axis, shape, outputs=5)
    assert deviation(op, LOWERING, factor) <= EXACT


def test_one_transpose_is_left(circular, built, operators):
    for op in (
        circular("w", (1, 3, 5, 12)),
        circular("h", (1, 3, 4, 5), outputs=2),
        circular("w", (1, 3, 5, 4), outputs=2),
    ):
        found = operators(built(op, LOWERING, 4))
        assert found.count("Transpose") == found.count("Conv") == 1


def test_depthwise_along_h_it_is_crtk_and_not_worth_trying(circular, built, operators):
    op = circular("h", (1, 2, 12, 4))
    assert operators(built(op, LOWERING, 4)) == operators(built(op, "crtk", 4))
    assert LOWERING.factors(op) == ()


def test_refused(circular):
    assert LOWERING.refusal(circular("w", (1, 2, 4, 12)), 5) == "12 has no factor 5"
    assert 7 in LOWERING.factors(circular("w", (1, 2, 4, 112)))


@pytest.mark.slow
@pytest.mark.parametrize("length", [224, 448])
def test_exact_at_large_lengths(length, circular, deviation):
    op = circular("w", (1, 4, 40, length))
    for factor in LOWERING.factors(op):
        assert deviation(op, LOWERING, factor) <= EXACT
