"""CETNet: its attention against sums over pixels; no code of its authors is there to be held against."""

import pytest
import torch

from exporters import export
from latbench.zoo.counts import count
from latbench.zoo.networks.cetnet import NAMES, CETNet, LocallyEnhancedWindows, split
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

SMALL = {"dims": (32, 64, 96, 128), "depths": (1, 2, 2, 1)}
SIZES = [(7, 7), (14, 14), (16, 9), (24, 7), (5, 30), (13, 12), (1, 1)]


def built(module):
    live(module.eval())
    return module.requires_grad_(False)


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def cuts(size, window, shifted):
    """Return the window of each place of an axis; the first, where windows are shifted, is cut short."""
    side = -(-size // -(-size // window))
    shift = side // 2 if shifted and side < size else 0
    return [(place - shift) // side for place in range(size)]


def summed(attention, x):
    """Return the attention of `x` (H, W, C), every pixel over all, but for those outside its window."""
    height, width, _ = x.shape
    maps = [attention.projections[name](x.permute(2, 0, 1)[None])[0] for name in NAMES]
    query, key, value = (one.unflatten(0, (attention.heads, -1)).flatten(2) for one in maps)
    rows, columns = (cuts(size, attention.window, attention.shifted) for size in (height, width))
    where = torch.tensor([(rows[i], columns[j], i, j) for i in range(height) for j in range(width)])
    together = (where[:, None, :2] == where[None, :, :2]).all(2)
    down, right = (where[:, None, 2:] - where[None, :, 2:]).where(together[..., None], 0).unbind(2)
    middle = attention.window - 1
    scores = torch.einsum("hdl,hdm->hlm", query, key) / 32**0.5
    scores = scores + attention.positions[:, down + middle, right + middle]
    shares = scores.masked_fill(~together, float("-inf")).softmax(2)
    mixed = torch.einsum("hlm,hdm->lhd", shares, value).flatten(1)
    return attention.proj(mixed).unflatten(0, (height, width))


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_pixels_attend_to_their_window_and_to_nothing_else(size, shifted):
    attention = built(LocallyEnhancedWindows(64, 7, shifted=shifted))
    x = noise(2, *size, 64)
    output = attention(x)
    assert output.shape == x.shape
    torch.testing.assert_close(output[1], summed(attention, x[1]), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(output[:1], attention(x[:1]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "side"), [(56, 7), (28, 7), (14, 7), (7, 7), (96, 7), (48, 7), (24, 6), (12, 6), (8, 4), (3, 3)]
)
def test_windows_are_as_few_as_seven_pixels_allow_and_then_as_small(size, side):
    assert split(size, 7) == side
    assert -(-size // side) == -(-size // 7)


@pytest.mark.parametrize("size", [(32, 32), (96, 64), (75, 50)])
def test_it_takes_any_size_and_each_image_by_itself(size):
    network = built(CETNet(**SMALL))
    images = noise(3, 3, *size)
    logits = network(images)
    assert logits.shape == (3, 1000)
    torch.testing.assert_close(logits[2:], network(images[2:]), rtol=1e-4, atol=1e-4)
    assert float((logits[0] - logits[1]).abs().max()) > 0.01 * float(logits.abs().max())


@pytest.mark.parametrize(
    ("name", "published"), [("cetnet_t", 12.5e9), ("cetnet_s", 19.9e9), ("cetnet_b", 44.5e9)]
)
def test_the_macs_at_384_are_the_published_ones_within_three_percent(name, published):
    with torch.device("meta"):
        network = spec(name).build()
    counted = count(network, 384)
    assert counted.params == spec(name).params
    assert counted.macs == pytest.approx(published, rel=0.03)


@pytest.mark.parametrize("name", ["cetnet_t", "cetnet_s", "cetnet_b"])
def test_every_row_says_that_it_is_a_reconstruction(name):
    known = spec(name)
    assert known.evidence.label == "reconstruction"
    assert "docs/reconstructions.md" in known.evidence.why
    assert known.code is None


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(target, exported):
    assert exported("cetnet_t", target).path.is_file()


@pytest.mark.slow
def test_a_small_one_exports_at_another_size(tmp_path):
    network = built(CETNet(**SMALL))
    assert export(network, (noise(1, 3, 256, 256),), name="small", output=tmp_path).path.is_file()
