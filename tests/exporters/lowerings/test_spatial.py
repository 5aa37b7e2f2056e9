import dataclasses

import numpy as np
import pytest

from exporters.lowerings.base import Circular


@pytest.mark.parametrize("axis", ["h", "w"])
@pytest.mark.parametrize("outputs", [None, 3])
def test_a_shift_that_is_level_is_the_bias_of_the_convolution(
    circular, built, error_of, operators, *, axis, outputs
):
    op = circular(axis, (2, 4, 7, 6), outputs=outputs)
    model = built(op, "spatial")
    assert operators(model) == ["Slice", "Concat", "Conv", "Add"]
    assert error_of(model, op) <= 1e-6
    level = dataclasses.replace(op, shift=np.repeat(op.shift[:, :1], op.length, 1))
    model = built(level, "spatial")
    assert operators(model) == ["Slice", "Concat", "Conv"]
    assert error_of(model, level) <= 1e-6


def test_a_length_of_one_is_a_product_and_no_shift_is_none(built, error_of, operators):
    op = Circular("h", (1, 3, 1, 4), np.array([[1.0], [2.0], [-3.0]]))
    model = built(op, "spatial")
    assert operators(model) == ["Conv"]
    assert len(model.graph.initializer) == 1
    assert error_of(model, op) <= 1e-6
