"""MobileViT against outputs of the authors' code and of timm's (tests/data/goldens/cvnets)."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from latbench.zoo.counts import count
from latbench.zoo.create import example_input
from latbench.zoo.networks.mobilevit import MobileViTBlock, fold, unfold
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[2] / "data" / "goldens" / "cvnets"
# With these weights the logits feel the image in the fifth digit: 1e-4 would miss an early layer.
TOLERANCE = 5e-6
SIZES = ("s", "xs", "xxs")
# From the authors' keys to timm's; the stage's number is one less.
TIMM = (
    (r"^conv_1\.block", "stem"),
    (r"^conv_1x1_exp\.block", "final_conv"),
    (r"^classifier", "head"),
    (r"^layer_(\d)", lambda found: f"stages.{int(found[1]) - 1}"),
    (r"block\.exp_1x1\.block", "conv1_1x1"),
    (r"block\.conv_3x3\.block", "conv2_kxk"),
    (r"block\.red_1x1\.block", "conv3_1x1"),
    (r"local_rep\.conv_3x3\.block", "conv_kxk"),
    (r"local_rep\.conv_1x1\.block\.conv", "conv_1x1"),
    (r"global_rep\.(\d)\.(?=pre_norm)", r"transformer.\1."),
    (r"global_rep\.\d", "norm"),
    (r"pre_norm_mha\.0", "norm1"),
    (r"pre_norm_mha\.1\.qkv_proj", "attn.qkv"),
    (r"pre_norm_mha\.1\.out_proj", "attn.proj"),
    (r"pre_norm_ffn\.0", "norm2"),
    (r"pre_norm_ffn\.1", "mlp.fc1"),
    (r"pre_norm_ffn\.4", "mlp.fc2"),
    (r"conv_proj\.block", "conv_proj"),
    (r"fusion\.block", "conv_fusion"),
    (r"(stem|final_conv|conv\w*)\.norm\.", r"\1.bn."),
)


def golden(name):
    held = json.loads((GOLDENS / f"{name}.json").read_text())
    return held, np.load(GOLDENS / f"{name}.npz")["logits"]


def timm_key(key):
    for pattern, new in TIMM:
        key = re.sub(pattern, new, key)
    return key


def authors(name):
    """Return the model with the goldens' weights, which `create_model` calibrates."""
    model = spec(name).build().requires_grad_(False).eval()
    live(model)
    return model


def close(output, logits):
    return np.abs(output.numpy() - logits).max() <= TOLERANCE * np.abs(logits).max()


def test_keys_shapes_and_logits_are_those_of_the_authors_code():
    held, logits = golden("mobilevit_s")
    model, known = authors("mobilevit_s"), spec("mobilevit_s")
    shapes = {key: list(tensor.shape) for key, tensor in model.state_dict().items()}
    assert shapes == dict(held["state_dict"])
    assert (known.params, known.resolution) == (held["params"], held["resolution"])
    assert (known.code, known.commit) == (held["code"], held["commit"])
    assert close(model(example_input(known)), logits)


@pytest.mark.parametrize("size", SIZES)
def test_under_timms_keys_it_gives_timms_logits(size):
    held, logits = golden(f"timm_mobilevit_{size}")
    known = spec(f"mobilevit_{size}")
    model = authors(known.name)
    renamed = {timm_key(key): tensor for key, tensor in model.state_dict().items()}
    assert {key: list(tensor.shape) for key, tensor in renamed.items()} == dict(held["state_dict"])
    assert known.params == held["params"]
    live(SimpleNamespace(state_dict=lambda: renamed))
    assert close(model(example_input(known)), logits)


def test_where_patches_do_not_divide_the_map_it_is_stretched_as_the_authors_do():
    known = spec("mobilevit_s")
    output = authors(known.name)(example_input(known, 224))
    assert float(output.std(correction=0)) == pytest.approx(0.1499747782945633, rel=1e-6)
    assert count(known.build(), 224).macs == 1_521_507_328


def test_patches_are_taken_apart_by_their_places_and_put_together_again():
    image = torch.arange(2 * 3 * 4 * 6.0).reshape(2, 3, 4, 6)
    tokens = unfold(image)
    assert tokens.shape == (48, 3)
    for number, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        place = image[1, :, row::2, column::2].flatten(1).T
        assert torch.equal(tokens.unflatten(0, (8, 6))[4 + number], place)
    assert torch.equal(fold(tokens, 4, 6), image)


@pytest.mark.parametrize("size", [(4, 6), (5, 8), (6, 3), (1, 7)])
def test_a_block_takes_any_height_and_width(size):
    block = MobileViTBlock(8, 12, 1, 4).requires_grad_(False).eval()
    live(block)
    image = torch.randn(2, 8, *size, generator=torch.Generator().manual_seed(0))
    output = block(image)
    assert output.shape == image.shape
    torch.testing.assert_close(output[1:], block(image[1:]))
    assert float(output.std()) > 0.05
