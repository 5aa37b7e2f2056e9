import pytest

from exporters.lowerings.name import parse
from exporters.lowerings.work import multiplications


@pytest.mark.parametrize("axis", ["h", "w"])
@pytest.mark.parametrize("lowering", ["spatial", "circulant", "grouped_conv"])
def test_the_direct_forms_multiply_every_tap_with_every_place(circular, axis, lowering):
    op = circular(axis, (2, 3, 6, 10))
    assert multiplications(op, parse(lowering)) == 2 * 3 * 60 * op.length


@pytest.mark.parametrize("lowering", ["spatial", "circulant"])
def test_a_dense_operator_multiplies_for_every_pair_of_channels(circular, lowering):
    op = circular("h", (1, 3, 6, 10), outputs=5)
    assert multiplications(op, parse(lowering)) == 3 * 5 * 60 * 6


def test_halving_the_polynomial_halves_the_products(circular):
    op = circular("h", (1, 4, 16, 5))
    assert multiplications(op, parse("crt2")) == multiplications(op, parse("circulant")) // 2


def test_what_splits_the_length_takes_fewer(circular):
    op = circular("h", (1, 4, 112, 5))
    direct, split = (multiplications(op, parse(text)) for text in ("circulant", "crt4_16"))
    # The products of residues 2 N2 N per column, and 2 N1 N to split and to join: N1 = 16, N2 = 7, N = 112.
    assert split == 4 * 5 * (2 * 7 * 112 + 2 * 16 * 112)
    assert split < direct / 2


def test_a_dense_operators_transforms_grow_with_its_channels_and_its_mixing_with_both(circular):
    counts = {
        (inputs, outputs): multiplications(circular("w", (1, inputs, 3, 14), outputs=outputs), parse("fft"))
        for inputs, outputs in ((8, 8), (16, 8), (8, 16), (16, 16))
    }
    mixed = counts[16, 16] - counts[16, 8] - counts[8, 16] + counts[8, 8]
    assert mixed > 0
    assert counts[16, 16] < 4 * counts[8, 8]
