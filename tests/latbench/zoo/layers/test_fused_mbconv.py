import pytest
import torch
from torch.nn import functional as F

from latbench.zoo.layers.fused_mbconv import FusedMBConv, MBConv
from latbench.zoo.weights import live


def built(module):
    live(module.eval())
    return module.requires_grad_(False)


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def conv_norm(x, conv, norm):
    x = F.conv2d(x, conv.weight, None, conv.stride, conv.weight.shape[-1] // 2, 1, conv.groups)
    return F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=1e-5)


@pytest.mark.parametrize(
    ("channels", "out", "stride", "added"),
    [(8, 8, 1, True), (8, 8, 2, False), (8, 12, 1, False), (3, 8, 2, False)],
)
def test_a_fused_unit_is_one_convolution_and_adds_what_keeps_its_shape(channels, out, stride, added):
    unit, x = built(FusedMBConv(channels, out, stride)), noise(2, channels, 9, 10)
    expected = F.silu(conv_norm(x, *unit.body[:2]))
    assert expected.shape == (2, out, -(-9 // stride), -(-10 // stride))
    torch.testing.assert_close(unit(x), expected + x if added else expected)


@pytest.mark.parametrize("expansion", [1, 2])
@pytest.mark.parametrize(
    ("channels", "out", "stride", "added"), [(8, 8, 1, True), (8, 8, 2, False), (8, 12, 1, False)]
)
def test_a_unit_expands_convolves_each_channel_and_projects(channels, out, stride, added, expansion):
    unit, x = built(MBConv(channels, out, stride, expansion)), noise(2, channels, 9, 10)
    wide = F.silu(conv_norm(x, *unit.body[0:2]))
    assert wide.shape[1] == expansion * channels
    kernel = unit.body[3].weight
    assert kernel.shape == (expansion * channels, 1, 3, 3)
    narrow = conv_norm(F.silu(conv_norm(wide, *unit.body[3:5])), *unit.body[6:])
    assert narrow.shape == (2, out, -(-9 // stride), -(-10 // stride))
    torch.testing.assert_close(unit(x), narrow + x if added else narrow)
