"""Rows of the flat forms, and their chunks."""

import numpy as np
import pytest
import torch

from exporters.execute import execute
from exporters.involution import flat_pixels, flat_slices, flat_views
from exporters.involution.base import Involution
from exporters.involution.flat import Axis

CHANNELS = 8


def read(op, axis, line, length):
    """Return what each place of y reads of each tap, line after line of this length, and what it should."""
    size, before, stride = op.shape[2 + axis], op.pads[axis], op.stride[axis]
    phases = np.zeros((stride, line.zeros + line.held))
    values = np.zeros(line.held * stride)
    values[:size] = np.arange(1, size + 1)[: len(values)]
    phases[:, line.zeros :] = values.reshape(-1, stride).T
    lines = np.zeros((stride, length))
    lines[:, : phases.shape[1]] = phases[:, :length]
    found = [
        np.tile(lines[phase], 3)[place + at + line.zeros]
        for place in range(op.out[axis])
        for at, phase in line.reads
    ]
    there = [
        stride * place + tap * op.dilation[axis] - before
        for place in range(op.out[axis])
        for tap in range(op.kernel[axis])
    ]
    return found, [(at + 1) * (0 <= at < size) for at in there]


@pytest.mark.parametrize("size", [5, 7, 8, 16])
@pytest.mark.parametrize(("stride", "step"), [(1, 1), (2, 1), (1, 2), (3, 1), (2, 2)])
@pytest.mark.parametrize("kernel", [1, 2, 3, 7])
@pytest.mark.parametrize("before", [0, 1, 3])
def test_rows_of_the_flat_forms_read_zeros_past_their_end_and_are_no_longer(
    size, stride, step, kernel, before
):
    before = min(before, step * (kernel - 1))
    count = (size + before - 1) // stride + 1
    after = max(0, stride * (count - 1) + step * (kernel - 1) + 1 - before - size)
    pads, pair = (before, before, after, after), (count, count)
    op = Involution((1, 4, size, size), 2, (kernel, kernel), pair, (stride, stride), (step, step), pads)
    for axis in (0, 1):
        line = Axis.of(op, axis)
        found, wanted = read(op, axis, line, line.length)
        assert found == wanted
        for shorter in range(count, line.length) if step == 1 else ():
            found, wanted = read(op, axis, line, shorter)
            assert found != wanted


@pytest.mark.parametrize("module", [flat_slices, flat_views, flat_pixels])
def test_a_map_as_large_as_a_cache_is_summed_in_chunks_of_groups(
    monkeypatch, module, somebody, graph_of, lowered
):
    torch.manual_seed(0)
    model, inputs, expected = graph_of(somebody("published", 3, 1), torch.randn(1, CHANNELS, 6, 8))
    whole, _ = lowered(model, module.LOWERING.name)
    monkeypatch.setattr(module, "LARGEST", 4 * 7 * 9)
    halves, _ = lowered(model, module.LOWERING.name)
    count = [sum(node.op_type == "Mul" for node in each.graph.node) for each in (whole, halves)]
    assert count == [9, 18]
    (output,) = execute(halves.SerializeToString(), inputs).values()
    assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()
