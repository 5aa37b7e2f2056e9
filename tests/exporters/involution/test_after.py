"""The norm and the Relu behind an involution, for lowerings that take them in."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

from exporters.execute import execute
from exporters.involution import lowerings

CHANNELS = 8


class Normed(nn.Module):
    """An involution, a norm and a Relu, as RedNet has them; `kind` tells what is read between or left out."""

    def __init__(self, involution, kind):
        super().__init__()
        self.kind, self.involution, self.norm = kind, involution, nn.BatchNorm2d(CHANNELS)
        for name in ("weight", "bias", "running_mean"):
            nn.init.normal_(getattr(self.norm, name))
        nn.init.uniform_(self.norm.running_var, 0.5, 2)

    def forward(self, x):
        y = self.involution(x)
        z = self.norm(y)
        return {
            "plain": torch.relu,
            "no relu": torch.tanh,
            "norm read": lambda z: torch.relu(z) + torch.tanh(z),
            "sum read": lambda z: torch.relu(z) + y,
        }[self.kind](z)


@pytest.fixture
def normed(request, somebody, graph_of):
    torch.manual_seed(0)
    return graph_of(Normed(somebody("published", 3), request.param), torch.randn(1, CHANNELS, 6, 8))


@pytest.mark.parametrize(
    ("name", "normed", "left"),
    [
        ("flat_pixels", "plain", (0, 2)),
        ("flat_views", "plain", (0, 2)),
        ("flat_views", "no relu", (0, 0)),
        ("flat_pixels", "norm read", (0, 1)),
        ("flat_pixels", "sum read", (1, 1)),
        ("flat_slices", "plain", (1, 1)),
    ],
    indirect=["normed"],
)
def test_the_norm_behind_an_involution_is_done_while_each_chunk_is_summed(
    monkeypatch, name, normed, left, lowered
):
    model, inputs, expected = normed
    monkeypatch.setattr(lowerings()[name].build.__module__ + ".LARGEST", 1)
    made, _ = lowered(model, name)
    count = Counter(node.op_type for node in made.graph.node)
    assert (count["BatchNormalization"], count["Relu"]) == left
    (output,) = execute(made.SerializeToString(), inputs).values()
    assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()
