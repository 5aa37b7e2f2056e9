import pytest
import torch

from latbench.zoo.layers.attention import Attention, AttentionBlock
from latbench.zoo.layers.layout import LAYOUTS


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_attention_is_softmax_of_scaled_products_per_head():
    tokens, layer = noise(2, 7, 6), Attention(6, heads=2, head_channels=5)
    query, key, value = (part.view(2, 7, 2, 5).transpose(1, 2) for part in layer.qkv(tokens).chunk(3, dim=-1))
    weights = (query @ key.transpose(-1, -2) / 5**0.5).softmax(-1)
    expected = layer.proj((weights @ value).transpose(1, 2).reshape(2, 7, 10))
    torch.testing.assert_close(layer(tokens), expected)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_block_ignores_where_its_positions_stand(layout):
    image = noise(1, 8, 3, 4)
    block = AttentionBlock(8, layout, heads=2, head_channels=4, mlp_ratio=2)
    forward = layout.to_nchw(block(layout.from_nchw(image)))
    mirrored = layout.to_nchw(block(layout.from_nchw(image.flip(3))))
    assert forward.shape == image.shape
    torch.testing.assert_close(mirrored.flip(3), forward)
