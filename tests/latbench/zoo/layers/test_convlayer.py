import pytest
import torch
from torch.nn import functional as F

from latbench.zoo.layers.convlayer import Classifier, ConvLayer, InvertedResidual, grouped, plain_layers
from latbench.zoo.weights import live


def image(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def alive(module):
    live(module)
    return module.eval().requires_grad_(False)


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_layer_is_convolution_norm_and_silu(kernel, stride):
    layer, x = alive(ConvLayer(4, 6, kernel, stride)), image(2, 4, 9, 7)
    conv, norm = layer.block.conv, layer.block.norm
    y = F.conv2d(x, conv.weight, None, stride, kernel // 2)
    y = F.batch_norm(y, norm.running_mean, norm.running_var, norm.weight, norm.bias)
    torch.testing.assert_close(layer(x), y * torch.sigmoid(y))
    assert layer(x).shape[2:] == (-(-9 // stride), -(-7 // stride))


def test_norm_and_activation_can_be_left_out():
    layer, x = alive(ConvLayer(4, 6, norm=False, activation=False)), image(1, 4, 5, 5)
    assert list(layer.state_dict()) == ["block.conv.weight"]
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.block.conv.weight))


def test_groups_are_as_many_as_both_channel_counts_allow():
    assert grouped(216, 324, 3).block.conv.groups == 108
    assert grouped(96, 96, 1).block.conv.groups == 96


@pytest.mark.parametrize(("out_channels", "stride", "added"), [(8, 1, True), (8, 2, False), (12, 1, False)])
def test_the_residual_is_added_where_the_shape_stays(out_channels, stride, added):
    block, x = alive(InvertedResidual(8, out_channels, stride, 2)), image(2, 8, 6, 6)
    assert block.block.exp_1x1.block.conv.out_channels == 16
    inner = block.block(x)
    torch.testing.assert_close(block(x), x + inner if added else inner)


def test_the_frame_pools_what_the_last_convolution_widens():
    layers = [*plain_layers(8, (8, 12), 2), *(torch.nn.Identity() for _ in range(3))]
    model, x = alive(Classifier((3, 8), layers, 12, widest=40, classes=5)), image(2, 3, 32, 64)
    assert model.conv_1x1_exp.block.conv.out_channels == 40
    features = model.conv_1x1_exp(model.layer_2(model.layer_1(model.conv_1(x))))
    assert features.shape == (2, 40, 8, 16)
    expected = F.linear(features.mean((2, 3)), model.classifier.fc.weight, model.classifier.fc.bias)
    torch.testing.assert_close(model(x), expected)
