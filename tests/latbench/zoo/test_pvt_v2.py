"""PVTv2: timm's outputs under the official keys, other sizes, its MLP, another embedding, its export."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from latbench.zoo.counts import count
from latbench.zoo.create import example_input
from latbench.zoo.layers.tokens import to_map, to_tokens
from latbench.zoo.networks.pvt_v2 import Block, PVTv2
from latbench.zoo.registry import spec
from latbench.zoo.weights import live, load_weights

GOLDENS = Path(__file__).parents[2] / "data" / "goldens" / "timm"
SMALL = {"dims": (8, 16, 24, 32), "depths": (1, 1, 1, 2), "heads": (1, 2, 3, 4), "classes": 10}
# The standard deviations of the authors' logits for models and sizes whose logits are not carried.
DEVIATIONS = {("pvt_v2_b0", 256): 0.9512494206428528, ("pvt_v2_b1", 224): 0.9785565137863159}


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def built(module):
    live(module.eval().requires_grad_(False))
    return module


def official(key):
    """Return the authors' key of timm's, whose stages hold their embedding, blocks and norm."""
    step = re.match(r"stages\.(\d)\.(downsample|blocks|norm)", key)
    if step:
        part = {"downsample": "patch_embed", "blocks": "block", "norm": "norm"}[step[2]]
        key = f"{part}{int(step[1]) + 1}{key[step.end() :]}"
    return key.replace("patch_embed.", "patch_embed1.").replace("mlp.dwconv", "mlp.dwconv.dwconv")


@pytest.mark.parametrize(
    "name", ["pvt_v2_b0", *(pytest.param(f"pvt_v2_{size}", marks=pytest.mark.slow) for size in ("b1", "b2"))]
)
def test_under_the_authors_keys_it_gives_timms_logits(name):
    golden = json.loads((GOLDENS / f"{name}.json").read_text())
    logits = np.load(GOLDENS / f"{name}.npz")["logits"]
    theirs = {key: torch.zeros(shape) for key, shape in golden["state_dict"]}
    live(SimpleNamespace(state_dict=lambda: theirs))
    known = spec(name)
    model = known.build().eval().requires_grad_(False)
    load_weights(model, {official(key): tensor for key, tensor in theirs.items()})
    output = model(example_input(known)).numpy()
    assert known.params == golden["params"]
    assert np.abs(output - logits).max() <= 1e-4 * np.abs(logits).max()


@pytest.mark.parametrize(("name", "resolution"), DEVIATIONS)
def test_other_widths_and_sizes_spread_their_logits_as_the_authors_do(name, resolution):
    known = spec(name)
    output = built(known.build())(example_input(known, resolution))
    assert float(output.std(correction=0)) == pytest.approx(DEVIATIONS[name, resolution], rel=1e-6)


def test_macs_at_another_resolution():
    assert count(spec("pvt_v2_b0").build(), 256).macs == 754_509_824


def test_the_mlp_convolves_between_its_linear_maps():
    block, tokens = built(Block(8, 2, 4, 1)), noise(2, 24, 8)
    middle = tokens + block.attn(block.norm1(tokens), 4, 6)
    first, conv, second = block.mlp.fc1, block.mlp.dwconv.dwconv, block.mlp.fc2
    hidden = F.linear(block.norm2(middle), first.weight, first.bias)
    hidden = F.gelu(to_tokens(conv(to_map(hidden, 4, 6))))
    expected = middle + F.linear(hidden, second.weight, second.bias)
    torch.testing.assert_close(block(tokens, 4, 6), expected)


@pytest.mark.parametrize("size", [(64, 96), (50, 33)])
def test_a_batch_of_images_that_are_not_square_is_classified_one_by_one(size):
    model, images = built(PVTv2(**SMALL)), noise(3, 3, *size)
    logits = model(images)
    assert logits.shape == (3, 10)
    torch.testing.assert_close(logits[1:2], model(images[1:2]), rtol=0, atol=1e-5)
    assert float((logits[0] - logits[1]).abs().max()) > 0.01 * float(logits.abs().max())


def test_another_embedding_takes_the_place_of_the_published_one():
    asked = []

    def embedding(stage, channels, out_channels):
        asked.append((stage, channels, out_channels))
        return nn.Conv2d(channels, out_channels, 3, 2 if stage else 4, 1)

    model = built(PVTv2(**SMALL, embedding=embedding))
    assert asked == [(0, 3, 8), (1, 8, 16), (2, 16, 24), (3, 24, 32)]
    assert isinstance(model.patch_embed4, nn.Conv2d)
    assert model(noise(1, 3, 64, 64)).shape == (1, 10)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(target, exported):
    assert exported("pvt_v2_b0", target).path.is_file()
