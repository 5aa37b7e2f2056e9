"""PVT: its attention, position embeddings at other sizes, another embedding, its export."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from exporters import export
from latbench.zoo.networks.pvt import PVT, ReducedAttention
from latbench.zoo.weights import live

SMALL = {"depths": (1, 1, 1, 2), "dims": (8, 16, 24, 32), "heads": (1, 2, 3, 4), "classes": 10}


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def built(module):
    live(module.eval().requires_grad_(False))
    return module


@pytest.mark.parametrize("size", [(64, 96), (70, 45), (256, 256)])
def test_a_batch_of_images_of_any_size_is_classified_one_by_one(size):
    model, images = built(PVT(**SMALL)), noise(2, 3, *size)
    logits = model(images)
    assert logits.shape == (2, 10)
    torch.testing.assert_close(logits[1:], model(images[1:]), rtol=0, atol=1e-5)
    assert float((logits[0] - logits[1]).abs().max()) > 0.01 * float(logits.abs().max())


@pytest.mark.parametrize("reduction", [1, 2])
def test_attention_is_that_of_the_papers_equations(reduction):
    attention, tokens = built(ReducedAttention(8, 2, reduction)), noise(2, 24, 8)
    reduced = tokens
    if reduction > 1:
        reduced = attention.sr(tokens.transpose(1, 2).unflatten(2, (4, 6))).flatten(2).transpose(1, 2)
        reduced = attention.norm(reduced)
    query = attention.q(tokens).unflatten(2, (2, 4)).transpose(1, 2)
    key, value = attention.kv(reduced).unflatten(2, (2, 2, 4)).permute(2, 0, 3, 1, 4)
    scores = F.softmax(query @ key.transpose(2, 3) * 4**-0.5, -1)
    expected = attention.proj((scores @ value).transpose(1, 2).flatten(2))
    torch.testing.assert_close(attention(tokens, 4, 6), expected)


def test_position_embeddings_are_interpolated_as_the_authors_do_but_for_the_class_token():
    model = built(PVT(**SMALL))
    assert model._positions(3, 7, 7) is model.pos_embed4
    found = model._positions(3, 8, 5)
    grid = model.pos_embed4[:, 1:].unflatten(1, (7, 7)).permute(0, 3, 1, 2)
    expected = F.interpolate(grid, (8, 5), mode="bilinear").flatten(2).transpose(1, 2)
    torch.testing.assert_close(found[:, 1:], expected)
    assert torch.equal(found[:, :1], model.pos_embed4[:, :1])


def test_another_embedding_takes_the_place_of_the_published_one():
    asked = []

    def embedding(stage, channels, out_channels):
        asked.append((stage, channels, out_channels))
        return nn.Conv2d(channels, out_channels, 3, 2 if stage else 4, 1)

    model = built(PVT(**SMALL, embedding=embedding))
    assert asked == [(0, 3, 8), (1, 8, 16), (2, 16, 24), (3, 24, 32)]
    assert isinstance(model.patch_embed2, nn.Conv2d)
    assert model(noise(1, 3, 64, 64)).shape == (1, 10)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(target, exported):
    assert exported("pvt_tiny", target).path.is_file()


@pytest.mark.slow
def test_a_small_one_exports_where_position_embeddings_are_enlarged(tmp_path):
    network = built(PVT(**SMALL))
    assert export(network, (noise(1, 3, 288, 288),), name="small", output=tmp_path).path.is_file()
