import numpy as np
import pytest

from exporters.lowerings.base import FAMILIES, Circular, Lowering


def test_the_sizes_are_told_by_the_axis():
    op = Circular("w", (2, 3, 5, 7), np.zeros((3, 7)))
    assert (op.length, op.other, op.channels, op.dense, op.out_shape) == (7, 5, (3, 3), False, (2, 3, 5, 7))
    op = Circular("h", (2, 3, 5, 7), np.zeros((4, 3, 5)))
    assert (op.length, op.other, op.channels, op.dense, op.out_shape) == (5, 7, (3, 4), True, (2, 4, 5, 7))


def test_a_part_is_some_of_the_channels(circular):
    op = circular("h", (1, 6, 5, 4))
    part = op.part(2, 5)
    assert part.shape == (1, 3, 5, 4)
    assert (part.weight == op.weight[2:5]).all()
    assert (part.shift == op.shift[2:5]).all()
    assert circular("h", (1, 6, 5, 4), shift=False).part(0, 2).shift is None
    with pytest.raises(ValueError, match="no parts"):
        circular("h", (1, 6, 5, 4), outputs=6).part(0, 2)


def test_a_lowering_takes_everything_unless_it_says_otherwise(circular):
    op = circular("h", (1, 6, 5, 4))
    lowering = Lowering("one", FAMILIES[0], lambda *_: None, "y = y")
    assert lowering.refusal(op, None) is None
    assert lowering.factors(op) == ()
    assert lowering.exact
