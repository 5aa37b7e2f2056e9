"""Swin: timm's outputs under the official keys, other sizes, the authors' checkpoints, its export."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from exporters import export
from latbench.zoo.create import example_input
from latbench.zoo.layers.window import inverse, kept_order, moved, relative
from latbench.zoo.networks.swin import Block, PatchMerging, Swin
from latbench.zoo.registry import spec
from latbench.zoo.weights import live, load_weights

GOLDENS = Path(__file__).parents[2] / "data" / "goldens" / "timm"
SMALL = {"dims": (16, 32, 48), "depths": (2, 2, 2), "heads": (2, 4, 6), "classes": 10}


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def built(module):
    live(module.eval().requires_grad_(False))
    return module


def official(key):
    """Return the authors' key of timm's, whose stages hold the merging before them."""
    step = re.match(r"layers\.(\d)\.downsample", key)
    if step:
        return f"layers.{int(step[1]) - 1}.downsample{key[step.end() :]}"
    return key.replace("head.fc", "head")


def test_under_the_authors_keys_it_gives_timms_logits():
    golden = json.loads((GOLDENS / "swin_tiny.json").read_text())
    logits = np.load(GOLDENS / "swin_tiny.npz")["logits"]
    theirs = {key: torch.zeros(shape) for key, shape in golden["state_dict"]}
    live(SimpleNamespace(state_dict=lambda: theirs))
    known = spec("swin_tiny")
    model = known.build().eval().requires_grad_(False)
    load_weights(model, {official(key): tensor for key, tensor in theirs.items()})
    output = model(example_input(known)).numpy()
    assert known.params == golden["params"]
    assert np.abs(output - logits).max() <= 1e-4 * np.abs(logits).max()


def rolled_block(block, x, shift):
    """Return what the authors' block does to (N, H, W, C): fill up, roll, cut, attend, and all back."""
    count, height, width, channels = x.shape
    y = F.pad(block.norm1(x), (0, 0, 0, -width % 7, 0, -height % 7))
    rows, columns = y.shape[1:3]
    y = torch.roll(y, (-shift, -shift), (1, 2))
    y = y.reshape(count, rows // 7, 7, columns // 7, 7, channels).transpose(2, 3).reshape(-1, 49, channels)
    attn = block.attn
    query, key, value = (
        attn.qkv(y).reshape(-1, 49, 3, attn.heads, channels // attn.heads).permute(2, 0, 3, 1, 4)
    )
    table = attn.relative_position_bias_table[torch.from_numpy(relative(7, 7))]
    scores = query @ key.transpose(2, 3) * (channels // attn.heads) ** -0.5
    scores = scores + table.reshape(49, 49, -1).permute(2, 0, 1)
    if shift:
        region = torch.zeros(rows, columns)
        bounds = [(slice(0, -7), slice(-7, -shift), slice(-shift, None))] * 2
        for number, place in enumerate((down, right) for down in bounds[0] for right in bounds[1]):
            region[place] = number
        region = region.reshape(rows // 7, 7, columns // 7, 7).transpose(1, 2).reshape(-1, 1, 49)
        apart = torch.where(region == region.transpose(1, 2), 0.0, -100.0)
        scores = scores + apart.repeat(count, 1, 1)[:, None]
    y = attn.proj((scores.softmax(-1) @ value).transpose(1, 2).reshape(-1, 49, channels))
    y = y.reshape(count, rows // 7, columns // 7, 7, 7, channels).transpose(2, 3)
    y = torch.roll(y.reshape(count, rows, columns, channels), (shift, shift), (1, 2))[:, :height, :width]
    x = x + y
    return x + block.mlp(block.norm2(x))


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize(("height", "width"), [(14, 21), (8, 8), (16, 10)])
def test_a_block_rolls_and_fills_up_maps_as_the_authors_code_does(height, width, shifted):
    block, image = built(Block(16, 2, shifted=shifted)), noise(2, height, width, 16)
    order = kept_order(height, width, 7)
    output = moved(block(moved(image.flatten(1, 2), order), height, width), inverse(order))
    expected = rolled_block(block, image, 3 if shifted else 0).flatten(1, 2)
    torch.testing.assert_close(output, expected, rtol=0, atol=1e-5)


def test_tokens_are_merged_column_by_column():
    step, image = built(PatchMerging(8, 12)), noise(2, 8, 6, 4)
    corners = [image[:, :, row::2, column::2] for column in (0, 1) for row in (0, 1)]
    expected = step.reduction(step.norm(torch.cat(corners, 1).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
    torch.testing.assert_close(step(image), expected)


@pytest.mark.parametrize("size", [(112, 112), (64, 96), (56, 44)])
def test_a_batch_of_images_that_are_not_square_is_classified_one_by_one(size):
    model, images = built(Swin(**SMALL)), noise(3, 3, *size)
    logits = model(images)
    assert logits.shape == (3, 10)
    torch.testing.assert_close(logits[1:2], model(images[1:2]), rtol=0, atol=1e-5)
    assert float((logits[0] - logits[1]).abs().max()) > 0.01 * float(logits.abs().max())


@pytest.mark.parametrize("load", [load_weights, lambda model, weights: model.load_state_dict(weights)])
def test_a_checkpoint_with_the_authors_masks_and_indices_loads(load):
    weights = built(Swin(**SMALL)).state_dict()
    held = {"layers.0.blocks.1.attn_mask": torch.zeros(64, 49, 49)}
    held |= {f"layers.{i}.blocks.0.attn.relative_position_index": torch.zeros(49, 49) for i in range(3)}
    model = Swin(**SMALL)
    load(model, weights | held)
    assert all(torch.equal(tensor, weights[key]) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize("size", [(112, 112), (64, 44)])
def test_another_embedding_takes_the_place_of_the_published_one(size):
    asked = []

    def embedding(stage, channels, out_channels):
        asked.append((stage, channels, out_channels))
        return nn.Sequential(PatchMerging(channels, out_channels)) if stage else nn.Conv2d(3, 16, 4, 4)

    model, plain = built(Swin(**SMALL, embedding=embedding)), built(Swin(**SMALL))
    assert asked == [(0, 3, 16), (1, 16, 32), (2, 32, 48)]
    plain.patch_embed = model.patch_embed
    plain.load_state_dict(
        {key.replace("downsample.0", "downsample"): x for key, x in model.state_dict().items()}
    )
    image = noise(2, 3, *size)
    torch.testing.assert_close(model(image), plain(image))


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(target, exported):
    assert exported("swin_tiny", target).path.is_file()


@pytest.mark.slow
def test_a_small_one_exports_at_another_size(tmp_path):
    network = built(Swin(**SMALL))
    assert export(network, (noise(1, 3, 256, 256),), name="small", output=tmp_path).path.is_file()
