"""CvT: other depths and sizes against the authors' code, its class token, another embedding, its export."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from latbench.zoo.counts import count
from latbench.zoo.create import example_input
from latbench.zoo.networks.cvt import ConvAttention, CvT
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

SMALL = {"depths": (1, 1, 2), "dims": (16, 32, 64), "heads": (1, 2, 4), "classes": 10}
# The standard deviations of the authors' logits for models and sizes whose logits are not carried.
DEVIATIONS = {("cvt_13", 256): 1.010042428970337, ("cvt_21", 224): 1.0012201070785522}


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def built(module):
    live(module.eval().requires_grad_(False))
    return module


@pytest.mark.parametrize(("name", "resolution"), DEVIATIONS)
def test_other_depths_and_sizes_spread_their_logits_as_the_authors_do(name, resolution):
    known = spec(name)
    output = built(known.build())(example_input(known, resolution))
    assert float(output.std(correction=0)) == pytest.approx(DEVIATIONS[name, resolution], rel=1e-6)


def test_macs_at_another_resolution():
    assert count(spec("cvt_13").build(), 256).macs == 6_160_841_216


@pytest.mark.parametrize("size", [(64, 96), (50, 33)])
def test_a_batch_of_images_that_are_not_square_is_classified_one_by_one(size):
    model, images = built(CvT(**SMALL)), noise(3, 3, *size)
    logits = model(images)
    assert logits.shape == (3, 10)
    torch.testing.assert_close(logits[1:2], model(images[1:2]), rtol=0, atol=1e-5)
    assert float((logits[0] - logits[1]).abs().max()) > 0.01 * float(logits.abs().max())


@pytest.mark.parametrize("classified", [False, True])
def test_attention_is_that_of_the_papers_equation(classified):
    attention, tokens = built(ConvAttention(8, 2)), noise(2, 24 + classified, 8)
    image = tokens[:, classified:].transpose(1, 2).unflatten(2, (4, 6))

    def projected(conv, linear):
        rows = conv(image).flatten(2).transpose(1, 2)
        rows = torch.cat((tokens[:, :classified], rows), 1)
        return linear(rows).unflatten(2, (2, 4)).transpose(1, 2)

    query, key, value = (
        projected(getattr(attention, f"conv_proj_{part}"), getattr(attention, f"proj_{part}"))
        for part in "qkv"
    )
    scores = F.softmax(query @ key.transpose(2, 3) * 8**-0.5, -1)
    expected = attention.proj((scores @ value).transpose(1, 2).flatten(2))
    torch.testing.assert_close(attention(tokens, 4, 6), expected)


def test_another_embedding_takes_the_place_of_the_published_one():
    asked = []

    def embedding(stage, channels, out_channels):
        asked.append((stage, channels, out_channels))
        return nn.Conv2d(channels, out_channels, 3, 2 if stage else 4, 1)

    model = built(CvT(**SMALL, embedding=embedding))
    assert asked == [(0, 3, 16), (1, 16, 32), (2, 32, 64)]
    assert isinstance(model.stage1.patch_embed, nn.Conv2d)
    assert model(noise(1, 3, 64, 64)).shape == (1, 10)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(target, exported):
    assert exported("cvt_13", target).path.is_file()
