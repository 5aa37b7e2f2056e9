"""CloFormer against outputs of the authors' code (tests/data/goldens/cloformer)."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from latbench import create_model
from latbench.errors import BadInput
from latbench.zoo.create import example_input
from latbench.zoo.networks.cloformer import CloAttention, CloBlock, ConvFFN
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[2] / "data" / "goldens" / "cloformer"
TOLERANCE = 1e-5
CARRIED = ("cloformer_xxs", "cloformer_s", "cloformer_no_global", "cloformer_global")
# The standard deviations of the authors' logits where the logits themselves are not carried.
DEVIATIONS = {
    ("cloformer_xxs", 256): 0.8657881617546082,
    ("cloformer_xs", 224): 0.9431810975074768,
    ("cloformer_xs", 256): 0.9564302563667297,
    ("cloformer_s", 256): 0.8812780976295471,
}
BLOCKS = {
    "attn_xxs_s2": lambda: CloAttention(64, (2, 2), 5, 4),
    "attn_xxs_s3": lambda: CloAttention(128, (4, 4), 7, 2),
    "attn_xs_s3": lambda: CloAttention(160, (5, 5), 7, 2),
    "attn_s_s4": lambda: CloAttention(448, (7, 21), 9, 1),
    "attn_global_only": lambda: CloAttention(64, (0, 4), 5, 4),
    "block_s1": lambda: CloBlock(64, 64, (2, 2), 5, 4),
    "convffn_s2": lambda: ConvFFN(64, 256, 128, 2),
}
HELD = json.loads((GOLDENS / "cloformer_blocks.json").read_text())


def shapes(module):
    return {key: list(tensor.shape) for key, tensor in module.state_dict().items()}


def image(*shape):
    return torch.from_numpy(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize("name", CARRIED)
def test_keys_counts_and_logits_are_those_of_the_authors_code(name):
    golden, known = json.loads((GOLDENS / f"{name}.json").read_text()), spec(name)
    logits = np.load(GOLDENS / f"{name}.npz")["logits"]
    model = create_model(name)
    assert shapes(model) == dict(golden["state_dict"])
    assert (known.params, known.resolution) == (golden["params"], golden["resolution"])
    assert (known.code, known.commit) == (golden["code"], golden["commit"])
    output = model(example_input(known)).numpy()
    assert np.abs(output - logits).max() <= TOLERANCE * np.abs(logits).max()


@pytest.mark.parametrize(
    ("name", "resolution"),
    [pytest.param(*case, marks=pytest.mark.slow if case[0] == "cloformer_s" else ()) for case in DEVIATIONS],
)
def test_other_sizes_spread_their_logits_as_the_authors_do(name, resolution):
    output = create_model(name)(example_input(spec(name), resolution))
    assert float(output.std(correction=0)) == pytest.approx(DEVIATIONS[name, resolution], rel=2e-6)


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_give_the_outputs_of_the_authors_code(name, block_agrees):
    block_agrees(BLOCKS[name](), name, HELD[name], np.load(GOLDENS / "cloformer_blocks.npz"), TOLERANCE)


def test_every_block_of_the_goldens_is_tested():
    assert set(HELD) == set(BLOCKS)


@pytest.mark.parametrize("name", ["cloformer_xxs", "cloformer_global"])
def test_images_need_not_be_square_nor_come_alone(name):
    model, pair = create_model(name), image(2, 3, 64, 96)
    both = model(pair)
    assert both.shape == (2, 1000)
    torch.testing.assert_close(both[1:], model(pair[1:]))
    across = model(pair.transpose(2, 3))
    assert float((across - both).abs().max()) > 0.01 * float(both.abs().max())


def test_the_global_branch_attends_to_means_of_its_own_squares():
    attention = CloAttention(16, (0, 1), 3, 2).eval().requires_grad_(False)
    live(attention)
    x = image(1, 16, 4, 6)
    (mixed,) = attention.far(x)
    means = torch.stack([x[0, :, i : i + 2, j : j + 2].mean((1, 2)) for i in (0, 2) for j in (0, 2, 4)])
    weight, bias = attention.global_kv.weight[:, :, 0, 0], attention.global_kv.bias
    key, value = (means @ weight.T + bias).chunk(2, 1)
    query = attention.global_q(x)[0, :, 3, 4]
    torch.testing.assert_close(mixed[0, :, 3, 4], (key @ query / 4).softmax(0) @ value)


@pytest.mark.parametrize("size", [(240, 224), (224, 100), (48, 48)])
def test_a_size_that_pooling_does_not_divide_is_refused_in_one_sentence(size):
    with pytest.raises(BadInput, match=r"which does not divide .* multiples of 32\.$"):
        create_model("cloformer_xxs")(torch.zeros(1, 3, *size))


def test_the_zoo_refuses_it_too_and_names_the_sizes_that_work():
    with pytest.raises(BadInput, match="224 or 256"):
        create_model("cloformer_s", 240)


def test_without_a_global_branch_any_size_works():
    assert create_model("cloformer_no_global", 50)(torch.zeros(1, 3, 50, 37)).shape == (1, 1000)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(target, exported):
    made = exported("cloformer_xxs", target)
    assert made.manifest["sensitivity"] > 0.01
    nodes = made.manifest["nodes"]["simplified"]
    assert "BatchNormalization" not in nodes
    norms = "LayerNormalization" if target == "openvino" else "InstanceNormalization"
    assert nodes[norms] == made.manifest["nodes"]["cleaned"]["InstanceNormalization"]
    assert nodes["Add"] < made.manifest["nodes"]["cleaned"]["Add"]
