import pytest
import torch
from torch import nn

from latbench.zoo.layers.ce import UNITS, ConvolutionalEmbedding, ce
from latbench.zoo.layers.fused_mbconv import FusedMBConv, MBConv
from latbench.zoo.weights import live


def built(module):
    live(module.eval())
    return module.requires_grad_(False)


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("units", [4, 5])
@pytest.mark.parametrize(("stage", "channels", "out", "step"), [(0, 3, 16, 4), (1, 16, 32, 2), (2, 8, 24, 2)])
def test_it_steps_as_a_patch_embedding_does(units, stage, channels, out, step):
    embedding = built(ConvolutionalEmbedding(stage, channels, out, units))
    for height, width in ((32, 32), (33, 46)):
        output = embedding(noise(2, channels, height, width))
        assert output.shape == (2, out, -(-height // step), -(-width // step))


def test_five_layers_stand_before_every_stage():
    assert UNITS == (4, 4, 4, 4)
    for stage, kind in enumerate((FusedMBConv, MBConv, MBConv, MBConv)):
        embedding = ce()(stage, 16 if stage else 3, 32)
        assert [type(unit) for unit in embedding.units] == [kind] * 4
        assert isinstance(embedding.proj, nn.Conv2d)
        assert embedding.proj.kernel_size == (1, 1)


def test_the_stem_halves_twice_and_a_later_embedding_at_once():
    stem, later = ConvolutionalEmbedding(0, 3, 16), ConvolutionalEmbedding(1, 16, 32)
    strides = [
        [
            max(layer.stride[0] for layer in unit.modules() if isinstance(layer, nn.Conv2d))
            for unit in one.units
        ]
        for one in (stem, later)
    ]
    assert strides == [[2, 1, 2, 1], [2, 1, 1, 1]]
    assert [unit.added for unit in stem.units] == [False, True, False, True]
    assert [unit.added for unit in later.units] == [False, True, True, True]


def test_its_channels_are_normalised_at_every_place():
    embedding = built(ConvolutionalEmbedding(1, 16, 32))
    embedding.norm.weight.fill_(1)
    embedding.norm.bias.zero_()
    output = embedding(noise(2, 16, 12, 14))
    torch.testing.assert_close(output.mean(1), torch.zeros(2, 6, 7), rtol=0, atol=1e-5)
    torch.testing.assert_close(output.var(1, correction=0), torch.ones(2, 6, 7), rtol=0, atol=1e-3)


def test_each_stage_has_its_own_number_of_units():
    embedding = ce((4, 4, 6))
    assert [len(embedding(stage, 8, 16).units) for stage in (0, 1, 2)] == [4, 4, 6]
