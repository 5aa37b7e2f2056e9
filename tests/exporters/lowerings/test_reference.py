import numpy as np
import pytest

from exporters.lowerings.base import Circular
from exporters.lowerings.reference import circulant, correlate


def test_a_circulant_by_hand():
    assert circulant(np.array([1, 2, 3])).tolist() == [[1, 2, 3], [3, 1, 2], [2, 3, 1]]


@pytest.mark.parametrize("axis", ["h", "w"])
@pytest.mark.parametrize("outputs", [None, 2])
def test_the_correlation_is_the_sum_that_defines_it(circular, axis, outputs):
    op = circular(axis, (2, 3, 5, 4), outputs=outputs)
    x = np.random.default_rng(1).standard_normal(op.shape)
    y, n, place = correlate(op, x), op.length, 2 if axis == "h" else 3
    for o, i in np.ndindex(op.channels[1], n):
        taps = [(o, op.weight[o])] if not op.dense else list(enumerate(op.weight[o]))
        wanted = sum(weight[k] * x[:, c].take((i + k) % n, place - 1) for c, weight in taps for k in range(n))
        np.testing.assert_allclose(y[:, o].take(i, place - 1), wanted + op.shift[o, i], rtol=1e-10)


def test_a_lone_tap_moves_the_axis():
    x = np.arange(6.0).reshape(1, 1, 6, 1)
    op = Circular("h", (1, 1, 6, 1), np.eye(6)[[2]])
    assert correlate(op, x).ravel().tolist() == [2, 3, 4, 5, 0, 1]
