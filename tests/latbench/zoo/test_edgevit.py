"""EdgeViT: the outputs of the authors' code at every size they have one for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from latbench import create_model
from latbench.errors import BadInput
from latbench.zoo.counts import count
from latbench.zoo.create import example_input
from latbench.zoo.networks.edgevit import EdgeViT, SelfAttn
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"


def authors(name):
    """Return the model with the goldens' weights."""
    model = spec(name).build().eval().requires_grad_(False)
    live(model)
    return model


@pytest.mark.parametrize("name", ["edgevit_xxs", "edgevit_s"])
def test_at_256_pixels_the_logits_are_those_of_the_authors_code(name):
    logits = np.load(GOLDENS / f"{name}.npz")["logits_256"]
    output = authors(name)(example_input(spec(name), 256)).numpy()
    assert np.abs(output - logits).max() <= 1e-5 * np.abs(logits).max()


def test_xs_spreads_its_logits_as_the_authors_do():
    output = authors("edgevit_xs")(example_input(spec("edgevit_xs")))
    assert float(output.std(correction=0)) == pytest.approx(1.075805425643921, rel=1e-6)


def test_macs_at_another_resolution():
    assert count(spec("edgevit_xxs").build(), 256).macs == 725_181_696


@pytest.fixture(scope="module")
def small():
    model = EdgeViT(dims=(8, 16, 24, 32), depths=(1, 1, 2, 1), head=8).eval().requires_grad_(False)
    live(model)
    return model


def test_images_of_any_shape_in_32s_pass_one_by_one_or_together(small):
    images = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    output = small(images)
    assert output.shape == (2, 1000)
    torch.testing.assert_close(output, torch.cat([small(image[None]) for image in images]))
    assert float((output[0] - output[1]).abs().max()) > 0.05 * float(output.abs().max())


def test_sparse_attention_is_full_attention_of_one_token_in_every_cell_spread_over_it():
    block = SelfAttn(16, 2, 2).eval().requires_grad_(False)
    live(block)
    image = torch.randn(1, 16, 4, 6, generator=torch.Generator().manual_seed(0))
    x = (image + block.pos_embed(image)).permute(0, 2, 3, 1)
    attn = block.attn
    tokens = attn.qkv(block.norm1(x))[:, ::2, ::2].reshape(1, 6, 3, 2, 8)
    mixed = torch.empty(1, 6, 2, 8)
    for head in range(2):
        query, key, value = tokens[0, :, :, head].unbind(1)
        mixed[0, :, head] = torch.softmax(query @ key.T / 8**0.5, -1) @ value
    mixed = mixed.reshape(1, 2, 3, 16)
    spread = torch.empty(1, 4, 6, 16)
    for row in range(2):
        for column in range(2):
            weight = attn.LocalProp.weight[:, 0, row, column]
            spread[:, row::2, column::2] = mixed * weight + attn.LocalProp.bias
    x = x + attn.proj(attn.norm(spread))
    x = x + block.mlp.fc2(F.gelu(block.mlp.fc1(block.norm2(x))))
    torch.testing.assert_close(block(image), x.permute(0, 3, 1, 2), rtol=1e-4, atol=1e-5)


def test_a_size_between_is_refused_with_the_nearest_that_work():
    with pytest.raises(BadInput, match="230; the nearest it takes: 224 or 256"):
        create_model("edgevit_xxs", 230)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(target, exported):
    known = spec("edgevit_xxs")
    made = exported(known.name, target, **known.forms_for(target))
    assert made.manifest["sensitivity"] > 0.01
    nodes = made.manifest["nodes"]["simplified"]
    assert not {"ConvTranspose", "Shape", "Expand"} & set(nodes)
    assert nodes["BatchNormalization"] == 1, "those before 1x1 convolutions are folded"
