"""VAN against outputs of the authors' code (tests/data/goldens/van)."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from latbench import create_model
from latbench.zoo.create import example_input
from latbench.zoo.networks.van import Block, LargeKernelAttention
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[2] / "data" / "goldens" / "van"
TOLERANCE = 1e-5
# The standard deviations of the authors' logits where the logits themselves are not carried.
DEVIATIONS = {
    ("van_b0", 256): 0.5657484531402588,
    ("van_b1", 224): 0.6127235293388367,
    ("van_b1", 256): 0.6051982045173645,
    ("van_b2", 256): 0.4364486038684845,
}
BLOCKS = {"lka_c32_r56": lambda: LargeKernelAttention(32), "block_c64_r28": lambda: Block(64, 8)}
HELD = json.loads((GOLDENS / "van_blocks.json").read_text())


def authors(name):
    """Return the model with the goldens' weights: some are scaled, and none calibrated."""
    model = spec(name).build().requires_grad_(False).eval()
    live(model)
    golden = GOLDENS / f"{name}.json"
    scaled = json.loads(golden.read_text()).get("scaled", {}) if golden.exists() else {}
    for pattern, factor in scaled.items():
        for key, tensor in model.state_dict().items():
            if re.search(pattern, key):
                tensor.mul_(factor)
    return model


def shapes(module):
    return {key: list(tensor.shape) for key, tensor in module.state_dict().items()}


def image(*shape):
    return torch.from_numpy(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize("name", ["van_b0", "van_b2"])
def test_keys_counts_and_logits_are_those_of_the_authors_code(name):
    golden, known = json.loads((GOLDENS / f"{name}.json").read_text()), spec(name)
    logits = np.load(GOLDENS / f"{name}.npz")["logits"]
    model = authors(name)
    assert shapes(model) == dict(golden["state_dict"])
    assert (known.params, known.resolution) == (golden["params"], golden["resolution"])
    assert (known.code, known.commit) == (golden["code"], golden["commit"])
    output = model(example_input(known)).numpy()
    assert np.abs(output - logits).max() <= TOLERANCE * np.abs(logits).max()


@pytest.mark.parametrize(
    ("name", "resolution"),
    [pytest.param(*case, marks=pytest.mark.slow if case[0] == "van_b2" else ()) for case in DEVIATIONS],
)
def test_other_sizes_spread_their_logits_as_the_authors_do(name, resolution):
    output = authors(name)(example_input(spec(name), resolution))
    assert float(output.std(correction=0)) == pytest.approx(DEVIATIONS[name, resolution], rel=2e-6)


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_give_the_outputs_of_the_authors_code(name, block_agrees):
    block_agrees(BLOCKS[name](), name, HELD[name], np.load(GOLDENS / "van_blocks.npz"), TOLERANCE)


def test_every_block_of_the_goldens_is_tested():
    assert set(HELD) == set(BLOCKS)


@pytest.mark.parametrize("size", [(64, 96), (50, 37)])
def test_images_of_any_height_and_width_work_alone_and_together(size):
    model, pair = create_model("van_b0"), image(2, 3, *size)
    both = model(pair)
    assert both.shape == (2, 1000)
    torch.testing.assert_close(both[1:], model(pair[1:]), rtol=1e-4, atol=1e-5)
    assert float((both[0] - both[1]).abs().max()) > 0.01 * float(both.abs().max())


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(target, exported):
    known = spec("van_b0")
    made = exported(known.name, target)
    assert made.manifest["sensitivity"] > 0.01
    blocks = sum(known.config["depths"])
    assert made.manifest["nodes"]["cleaned"]["BatchNormalization"] == 2 * blocks
    nodes = made.manifest["nodes"]["simplified"]
    # One norm per block is left, its shortcut; one product, the gate; two sums, the residuals.
    assert (nodes["BatchNormalization"], nodes["Mul"], nodes["Add"]) == (blocks, blocks, 2 * blocks)
