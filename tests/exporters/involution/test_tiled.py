"""The matrix of a tile, and its chunks."""

import numpy as np
import pytest
import torch

from exporters.execute import execute
from exporters.involution import tiled
from exporters.involution.base import Involution

CHANNELS, MEMBERS = 8, 4


@pytest.mark.parametrize(("size", "stride", "step"), [(9, 1, 1), (16, 2, 1), (17, 1, 2), (20, 3, 2)])
def test_rows_that_are_a_stride_too_long_make_the_matrix_of_a_tile(size, stride, step):
    kernel, count = 3, (size - 1) // stride + 1
    reach = stride * (count - 1) + step * (kernel - 1) + 1
    op = Involution(
        (1, 4, size, size), 1, (kernel, kernel), (count, count), (stride, stride), (step, step), (step,) * 4
    )
    tiles, width = tiled.tiling(op)
    assert width <= tiled.WIDEST
    assert tiles * width >= count > (tiles - 1) * width
    assert (tiles - 1) * width * stride + tiled.span(op) >= reach
    weights = 1 + np.arange(width * op.taps).reshape(width, op.taps)
    rows = np.column_stack((weights, np.zeros(width)))[:, tiled.order(op)]
    made = rows.ravel()[: width * tiled.places(op)].reshape(width, kernel, tiled.span(op))
    wanted = np.zeros_like(made)
    for pixel in range(width):
        for tap, weight in enumerate(weights[pixel]):
            wanted[pixel, tap // kernel, pixel * stride + step * (tap % kernel)] = weight
    assert (made == wanted).all()


def test_a_large_map_is_multiplied_in_chunks_of_groups(monkeypatch, somebody, graph_of, lowered):
    torch.manual_seed(0)
    model, inputs, expected = graph_of(somebody("matmul", 3), torch.randn(1, CHANNELS, 6, 11))
    monkeypatch.setattr(tiled, "LARGEST", MEMBERS * 6 * 2 * 3 * 8)
    halves, told = lowered(model, "tiled")
    assert sum(node.op_type == "Gather" for node in halves.graph.node) == 2
    (output,) = execute(halves.SerializeToString(), inputs).values()
    assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()
    assert told.used == "tiled"
