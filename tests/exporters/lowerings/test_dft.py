"""The transforms over a factor of the length, in float64, and the rows of matrices made of them."""

import numpy as np
import pytest

from exporters.lowerings.dft import (
    best,
    blocks,
    divisors,
    gauss_products,
    gauss_rows,
    harmonics,
    indivisible,
    pair_products,
    pair_rows,
    spectrum,
)
from exporters.lowerings.reference import circulant

LENGTHS = (12, 15, 35, 56, 64)
SPLITS = [(length, factor) for length in LENGTHS for factor in divisors(length)]
EXACT = 1e-12


def taps(length, channels=2):
    return np.random.default_rng(length).standard_normal((channels, length))


def around(there, products, back):
    """Return the whole matrix of transform, product a row, and transform back: (C, N, N)."""
    count, inner = there.shape[0], products.shape[-1]
    whole = np.zeros((products.shape[0], count * inner, count * inner))
    for row in range(count):
        place = slice(row * inner, (row + 1) * inner)
        whole[:, place, place] = products[:, row]
    return np.kron(back, np.eye(inner)) @ whole @ np.kron(there, np.eye(inner))


@pytest.mark.parametrize(("length", "factor"), SPLITS)
def test_blocks_are_the_circulant_cut_along_its_diagonals(length, factor):
    inner = length // factor
    whole, cut = circulant(taps(length)), blocks(taps(length), factor)
    for row in range(factor):
        for column in range(factor):
            wanted = whole[:, row * inner : (row + 1) * inner, column * inner : (column + 1) * inner]
            assert np.array_equal(cut[:, (column - row) % factor], wanted)


def test_spectrum_of_the_whole_length_is_the_conjugate_fourier_transform():
    weight = taps(15)
    assert np.abs(spectrum(weight, 15)[..., 0, 0] - np.conj(np.fft.rfft(weight))).max() < EXACT


@pytest.mark.parametrize("factor", [2, 3, 4, 7, 8, 35])
def test_harmonics_are_orthonormal_and_those_of_the_transform(factor):
    real, imaginary = harmonics(factor)
    rows = np.concatenate([real, imaginary])
    rows = rows[np.abs(rows).max(axis=1) > 0]
    assert rows.shape == (factor, factor)
    assert np.abs(rows @ rows.T - np.eye(factor)).max() < EXACT
    x, residue = taps(factor), np.arange(factor // 2 + 1)
    scale = np.where(residue * 2 % factor == 0, 1, np.sqrt(2)) / np.sqrt(factor)
    assert np.abs(x @ (real + 1j * imaginary).T - scale * np.fft.rfft(x)).max() < EXACT


@pytest.mark.parametrize(("length", "factor"), [each for each in SPLITS if each[1] % 2 == 0])
def test_pairs_of_residues_are_the_circulant(length, factor):
    rows, weight = pair_rows(factor), taps(length)
    assert np.abs(rows @ rows.T - np.eye(factor)).max() < EXACT
    products, inner = pair_products(weight, factor), length // factor
    assert products.shape == (2, factor // 2, 2 * inner, 2 * inner)
    whole = np.zeros((2, length, length))
    for pair in range(factor // 2):
        place = slice(pair * 2 * inner, (pair + 1) * 2 * inner)
        whole[:, place, place] = products[:, pair]
    wide = np.kron(rows, np.eye(inner))
    assert np.abs(wide.T @ whole @ wide - circulant(weight)).max() < EXACT


@pytest.mark.parametrize(("length", "factor"), SPLITS)
def test_three_products_a_residue_are_the_circulant(length, factor):
    there, back = gauss_rows(factor)
    count = 3 * factor // 2 - 1 if factor % 2 == 0 else (3 * factor - 1) // 2
    assert there.shape == (count, factor)
    assert back.shape == (factor, count)
    products = gauss_products(taps(length), factor)
    assert np.abs(around(there, products, back) - circulant(taps(length))).max() < EXACT


def test_divisors_and_why_a_number_is_none(circular):
    assert divisors(12) == [2, 3, 4, 6, 12]
    assert divisors(13) == [13]
    op = circular("h", (1, 2, 12, 3))
    assert indivisible(op, 4) is None
    assert indivisible(op, 5) == "12 has no factor 5"
    assert indivisible(op, 1) == "12 has no factor 1"
    assert "factor" in indivisible(op, None)


def test_best_are_the_cheapest_in_order():
    assert best([2, 3, 5, 7, 8], lambda n: abs(n - 6)) == (5, 7, 8, 3)
