"""CSWin: its stripes, other depths and sizes, another embedding, its export."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from latbench.zoo.create import example_input
from latbench.zoo.networks.cswin import ACROSS, DOWN, WHOLE, Block, CSWin, StripeAttention
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"
SMALL = {"depths": (1, 1, 2, 1), "dims": (8, 16, 32, 64), "heads": (2, 2, 4, 8), "classes": 10}
BLOCKS = {"lepe_c64_r14_whole": (64, 14, WHOLE), "lepe_c32_r28_down_sp7": (32, 28, DOWN)}
# The standard deviations of the authors' logits for models whose logits are not carried.
DEVIATIONS = {"cswin_small": 0.8820502161979675, "cswin_base": 0.955734372138977}


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def built(module):
    live(module.eval().requires_grad_(False))
    return module


@pytest.mark.slow
@pytest.mark.parametrize("name", DEVIATIONS)
def test_other_depths_and_widths_spread_their_logits_as_the_authors_do(name):
    known = spec(name)
    output = built(known.build())(example_input(known))
    assert float(output.std(correction=0)) == pytest.approx(DEVIATIONS[name], rel=1e-6)


@pytest.mark.parametrize("name", BLOCKS)
def test_attention_in_stripes_gives_the_outputs_of_the_authors_code(name):
    golden = json.loads((GOLDENS / "cswin_blocks.json").read_text())[name]
    arrays = np.load(GOLDENS / "cswin_blocks.npz")
    channels, side, direction = BLOCKS[name]
    attention = built(StripeAttention(channels, 2, direction, 7))
    shapes = {key: list(tensor.shape) for key, tensor in attention.state_dict().items()}
    assert shapes == dict(golden["state_dict"])
    stacked = np.random.default_rng(0).standard_normal(golden["input_shape"]).astype(np.float32)
    maps = torch.from_numpy(stacked).permute(1, 2, 0, 3).reshape(1, side, side, 3 * channels)
    output = attention(maps).numpy()
    bound = 1e-5 * golden["max_abs"]
    assert np.abs(output.ravel()[arrays[f"{name}.index"]] - arrays[f"{name}.value"]).max() <= bound
    assert output.mean() == pytest.approx(golden["mean"], abs=bound)
    assert output.std() == pytest.approx(golden["std"], rel=1e-5)


def by_stripes(attention, x):
    """Return what equations 6 and 7 say of (H, W, 3, heads, D), one stripe after the other."""
    height, width, *_, size = x.shape
    vertical = attention.direction == DOWN
    lack = -(width if vertical else height) % attention.width
    edge = (lack // 2, lack - lack // 2) if vertical else (0, 0, lack // 2, lack - lack // 2)
    full = F.pad(x.permute(2, 3, 4, 0, 1), edge)
    attended = torch.zeros(full.shape[1:])
    for start in range(0, full.shape[4 if vertical else 3], attention.width):
        cut = slice(start, start + attention.width)
        place = (..., slice(None), cut) if vertical else (..., cut, slice(None))
        query, key, value = (part.flatten(2).transpose(1, 2) for part in full[place])
        scores = (query @ key.transpose(1, 2) * size**-0.5).softmax(-1)
        stripe = full[2][place]
        local = attention.get_v(stripe.flatten(0, 1).unsqueeze(0)).reshape(stripe.shape)
        attended[place] = (scores @ value).transpose(1, 2).reshape(stripe.shape) + local
    rows, columns = (0, lack // 2) if vertical else (lack // 2, 0)
    return attended[:, :, rows : rows + height, columns : columns + width].flatten(0, 1).permute(1, 2, 0)


@pytest.mark.parametrize("direction", [DOWN, ACROSS])
@pytest.mark.parametrize("size", [(4, 6), (5, 7), (2, 3)])
def test_stripes_attend_alone_and_are_filled_up_on_both_sides(direction, size):
    attention, maps = built(StripeAttention(8, 2, direction, 4)), noise(2, *size, 24)
    expected = torch.stack([by_stripes(attention, x.reshape(*size, 3, 2, 4)) for x in maps])
    torch.testing.assert_close(attention(maps), expected)


def test_each_share_of_the_channels_gets_its_own_query_key_and_value():
    block, maps = built(Block(8, 2, 2, whole=False)), noise(1, 4, 6, 8)
    qkv = block.qkv(block.norm1(maps)).unflatten(-1, (3, 2, 4))
    shares = [attn(qkv[..., share, :].flatten(-2)) for share, attn in enumerate(block.attns)]
    middle = maps + block.proj(torch.cat(shares, -1))
    torch.testing.assert_close(block(maps), middle + block.mlp(block.norm2(middle)))


@pytest.mark.parametrize("size", [(64, 96), (50, 33)])
def test_a_batch_of_images_that_are_not_square_is_classified_one_by_one(size):
    model, images = built(CSWin(**SMALL)), noise(3, 3, *size)
    logits = model(images)
    assert logits.shape == (3, 10)
    torch.testing.assert_close(logits[1:2], model(images[1:2]), rtol=0, atol=1e-5)
    assert float((logits[0] - logits[1]).abs().max()) > 0.01 * float(logits.abs().max())


def test_another_embedding_takes_the_place_of_the_published_one():
    asked = []

    def embedding(stage, channels, out_channels):
        asked.append((stage, channels, out_channels))
        return nn.Conv2d(channels, out_channels, 3, 2 if stage else 4, 1)

    model = built(CSWin(**SMALL, embedding=embedding))
    assert asked == [(0, 3, 8), (1, 8, 16), (2, 16, 32), (3, 32, 64)]
    assert isinstance(model.merge3, nn.Conv2d)
    assert model(noise(1, 3, 64, 64)).shape == (1, 10)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(target, exported):
    assert exported("cswin_tiny", target).path.is_file()
