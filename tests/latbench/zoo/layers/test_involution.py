"""The involution against its definition, and against the authors' code."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latbench.errors import BadInput
from latbench.zoo.layers.involution import Involution, involve
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[3] / "data" / "goldens" / "rednet"
BLOCKS = json.loads((GOLDENS / "involution_blocks.json").read_text())


def by_definition(x, kernels, kernel, stride):
    """Return the involution of arrays in float64, window by window."""
    batch, channels = x.shape[:2]
    groups, reach = kernels.shape[1] // kernel**2, kernel // 2
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    weights = kernels.astype(np.float64).reshape(batch, groups, kernel, kernel, *kernels.shape[2:])
    y = np.zeros((batch, channels, *kernels.shape[2:]))
    for b, c, i, j in np.ndindex(y.shape):
        window = padded[b, c, stride * i : stride * i + kernel, stride * j : stride * j + kernel]
        y[b, c, i, j] = (weights[b, c * groups // channels, :, :, i, j] * window).sum()
    return y


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_give_the_outputs_of_the_authors_code(name):
    golden, arrays = BLOCKS[name], np.load(GOLDENS / "involution_blocks.npz")
    channels, kernel, stride = (int(part[1:]) for part in name.split("_")[:3])
    block = Involution(channels, kernel, stride).eval()
    assert {key: list(each.shape) for key, each in block.state_dict().items()} == dict(golden["state_dict"])
    live(block)
    noise = np.random.default_rng(0).standard_normal(golden["input_shape"]).astype(np.float32)
    with torch.inference_mode():
        output = block(torch.from_numpy(noise)).numpy()
    assert list(output.shape) == golden["output_shape"]
    bound = 1e-4 * golden["max_abs"]
    assert np.abs(output.ravel()[arrays[f"{name}.index"]] - arrays[f"{name}.value"]).max() <= bound
    assert output.mean() == pytest.approx(golden["mean"], abs=bound)
    assert output.std() == pytest.approx(golden["std"], rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 3)),
    kernel=st.sampled_from((1, 3, 5, 7)),
    stride=st.integers(1, 3),
    out=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_it_is_its_definition(shape, kernel, stride, out):
    (batch, groups, members), (rows, columns) = shape, out
    rng = np.random.default_rng(rows + 5 * columns)
    x = rng.standard_normal((batch, groups * members, rows * stride, columns * stride)).astype(np.float32)
    kernels = rng.standard_normal((batch, groups * kernel**2, rows, columns)).astype(np.float32)
    y = involve(torch.from_numpy(x), torch.from_numpy(kernels), kernel, stride).numpy()
    expected = by_definition(x, kernels, kernel, stride)
    assert np.abs(y - expected).max() <= 1e-5 * max(1, np.abs(expected).max())


def test_its_own_macs_are_one_for_each_tap_of_each_output():
    block = Involution(32, 5, 2)
    assert block.own_macs(block(torch.zeros(1, 32, 8, 6))) == 25 * 32 * 4 * 3


@pytest.mark.parametrize("arguments", [(32, 4), (32, 0), (32, 3, 0)])
def test_a_kernel_that_is_even_and_a_stride_below_one_are_refused(arguments):
    with pytest.raises(BadInput, match="odd kernel and a stride of 1 or more"):
        Involution(*arguments)


def test_channels_that_groups_do_not_divide_are_refused():
    with pytest.raises(BadInput, match="use a multiple of both"):
        Involution(24, 3)
    assert Involution(24, 3, group_channels=8)(torch.zeros(1, 24, 5, 5)).shape == (1, 24, 5, 5)


def test_a_map_that_a_stride_does_not_divide_is_refused():
    with pytest.raises(BadInput, match="multiples of 2"):
        Involution(32, 3, 2)(torch.zeros(1, 32, 9, 8))
