"""Which sums of a graph are found to be involutions."""

import numpy as np
import onnx_ir as ir
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from exporters.execute import execute
from exporters.involution.match import sites

CHANNELS = 8


@pytest.mark.parametrize("form", ["published", "einsum", "matmul", "taps first", "slices"])
@pytest.mark.parametrize("stride", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_it_is_found_whoever_wrote_it(form, stride, somebody, graph_of, lowered):
    torch.manual_seed(0)
    model, inputs, expected = graph_of(somebody(form, 3, stride), torch.randn(1, CHANNELS, 6, 8))
    (site,) = sites(ir.from_proto(model))
    assert (site.op.kernel, site.op.stride, site.op.groups) == ((3, 3), (stride, stride), 2)
    assert site.op.pads == ((1, 1, 1, 1) if stride == 1 else (1, 1, 0, 0))
    for name in ("two_level_mac", "two_level", "banded", "flat_slices", "tiled"):
        made, told = lowered(model, name)
        (output,) = execute(made.SerializeToString(), inputs).values()
        assert told.used == name
        assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()


class Near(nn.Module):
    """What looks like an involution and is none."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.make = nn.Conv2d(CHANNELS, 9 * CHANNELS, 1)

    def forward(self, x):
        batch, channels, high, wide = x.shape
        windows = F.unfold(x, 3, padding=1).view(batch, channels, 9, high, wide)
        weights = self.make(x).view(batch, channels, 9, high, wide)
        if self.kind == "turned":
            weights = weights.transpose(3, 4)
        if self.kind == "rolled":
            windows = windows.roll(1, 1)
        if self.kind == "halved":
            return (weights * windows)[:, :, :5].sum(2)
        return (
            (weights * windows).sum((2, 3))[:, :, None] if self.kind == "rows" else (weights * windows).sum(2)
        )


@pytest.mark.parametrize("kind", ["turned", "rolled", "rows", "halved"])
def test_what_only_looks_like_one_is_left_alone(kind, graph_of):
    model, _, _ = graph_of(Near(kind), torch.randn(1, CHANNELS, 6, 6))
    assert sites(ir.from_proto(model)) == []


def test_kernels_of_every_channel_are_groups_of_one(graph_of):
    model, _, _ = graph_of(Near("plain"), torch.randn(1, CHANNELS, 6, 6))
    (site,) = sites(ir.from_proto(model))
    assert (site.op.groups, site.op.members) == (CHANNELS, 1)
