import pytest
import torch
from torch import nn
from torch.nn import functional as F

from latbench.zoo.layers.tokens import (
    ConvEmbedding,
    PatchEmbedding,
    merge_heads,
    patch_product,
    resized_grid,
    split_heads,
    to_map,
    to_tokens,
)


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_tokens_are_the_rows_of_a_map():
    image = noise(2, 3, 4, 5)
    tokens = to_tokens(image)
    assert torch.equal(tokens[1, 2 * 5 + 3], image[1, :, 2, 3])
    assert torch.equal(to_map(tokens, 4, 5), image)


def test_heads_share_the_channels_in_order():
    x, weight, bias = noise(2, 7, 6), noise(8, 6), noise(8)
    split = split_heads(x, weight, bias, 2)
    assert split.shape == (2, 2, 7, 4)
    torch.testing.assert_close(split[1, 1, 3], (x[1, 3] @ weight.T + bias)[4:])
    torch.testing.assert_close(merge_heads(split), F.linear(x, weight, bias))


@pytest.mark.parametrize("size", [(8, 12), (9, 14)])
def test_a_product_of_patches_is_the_convolution(size):
    conv = nn.Conv2d(6, 5, 4, 4).requires_grad_(False)
    image = noise(2, 6, *size)
    product = patch_product(image.permute(0, 2, 3, 1), conv).permute(0, 3, 1, 2)
    torch.testing.assert_close(product, conv(image))


@pytest.mark.parametrize("tokens", [False, True])
def test_both_ways_of_embedding_patches_agree(tokens):
    embedding = PatchEmbedding(6, 5, 2, tokens=tokens).requires_grad_(False)
    image = noise(2, 6, 8, 6)
    expected = F.layer_norm(embedding.proj(image).permute(0, 2, 3, 1), (5,)).permute(0, 3, 1, 2)
    torch.testing.assert_close(embedding(image), expected)


def test_patches_of_a_convolution_may_overlap():
    embedding = ConvEmbedding(3, 5, (7, 4, 2)).requires_grad_(False)
    output = embedding(noise(2, 3, 32, 64))
    assert output.shape == (2, 5, 8, 16)
    torch.testing.assert_close(output.mean(1), torch.zeros(2, 8, 16), rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(14, 10), (5, 9), (7, 20), (1, 1), (3, 7)])
def test_a_grid_is_interpolated_as_torch_does(size):
    grid = noise(1, 7, 7, 4)
    expected = F.interpolate(grid.permute(0, 3, 1, 2), size, mode="bilinear", align_corners=False)
    torch.testing.assert_close(resized_grid(grid, *size), expected.permute(0, 2, 3, 1), rtol=0, atol=2e-6)


def test_a_grid_of_the_right_size_is_left_alone():
    grid = noise(1, 7, 5, 4)
    assert resized_grid(grid, 7, 5) is grid
