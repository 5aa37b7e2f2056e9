import numpy as np
import pytest

from exporters.lowerings.base import Circular
from exporters.lowerings.circulant import LOWERING, block_matrix
from exporters.lowerings.reference import correlate


@pytest.mark.parametrize("axis", ["h", "w"])
def test_depthwise_is_one_product_without_a_move(circular, built, error_of, operators, axis):
    op = circular(axis, (2, 5, 7, 6))
    model = built(op, "circulant")
    assert operators(model) == ["MatMul", "Add"]
    assert error_of(model, op) <= 1e-6
    plain = circular(axis, (2, 5, 7, 6), shift=False)
    assert operators(built(plain, "circulant")) == ["MatMul"]


@pytest.mark.parametrize("axis", ["h", "w"])
def test_dense_is_one_product_of_blocks(circular, built, error_of, operators, axis):
    op = circular(axis, (2, 5, 7, 6), outputs=3)
    model = built(op, "circulant")
    assert operators(model).count("MatMul") == 1
    assert error_of(model, op) <= 1e-6


def test_the_block_matrix_is_the_operator(circular):
    op = circular("h", (1, 3, 5, 1), outputs=2, shift=False)
    x = np.random.default_rng(2).standard_normal(op.shape)
    np.testing.assert_allclose(block_matrix(op) @ x.ravel(), correlate(op, x).ravel(), rtol=1e-12)


def test_what_would_not_fit_is_refused_in_words():
    op = Circular("h", (1, 1024, 512, 8), np.zeros((1024, 512)))
    assert LOWERING.refusal(op, None) == "its matrices would take 1.1 GB"
    assert LOWERING.refusal(Circular("h", (1, 384, 448, 8), np.zeros((384, 448))), None) is None
