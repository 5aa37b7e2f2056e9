"""timm's networks against outputs made with them elsewhere (tests/data/goldens/from_timm)."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from latbench.errors import BadInput
from latbench.zoo.create import create, example_input
from latbench.zoo.networks.timm import create_timm, facts, foldable, fused, image, network
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[3] / "data" / "goldens" / "from_timm"
MODELS = json.loads((GOLDENS / "models.json").read_text())
TOLERANCE = 1e-4
SMALL = {
    "deit_tiny_patch16_224",
    "efficientformerv2_s0",
    "fasternet_t0",
    "mobilenetv2_100",
    "mobilevitv2_050",
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in SMALL else pytest.mark.slow) for name in MODELS]
)
def test_keys_shapes_counts_and_logits_are_those_of_timm(timm, name):
    held = MODELS[name]
    logits = np.load(GOLDENS / "logits.npz")[name]
    model = network(name, reparam="train").eval().requires_grad_(False)
    keys = [[key, list(tensor.shape)] for key, tensor in model.state_dict().items()]
    assert len(keys) == held["keys"]
    assert hashlib.sha256(json.dumps(keys).encode()).hexdigest() == held["state_dict_sha256"]
    assert sum(parameter.numel() for parameter in model.parameters()) == held["params"]
    live(model)
    output = model(image(model, held["resolution"])).numpy()[0]
    assert np.abs(output - logits).max() <= TOLERANCE * np.abs(logits).max()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobileone_s0", "mobileone_s1", "mobileone_s2", "mobileone_s4"])
def test_folded_networks_give_the_logits_of_the_branches(timm, name):
    logits = np.load(GOLDENS / "logits.npz")[name]
    model = network(name, reparam="train").eval()
    live(model)
    assert foldable(model)
    model = fused(model).requires_grad_(False)
    output = model(image(model)).numpy()[0]
    assert np.abs(output - logits).max() <= TOLERANCE * np.abs(logits).max()


def test_both_names_of_a_model_give_the_same_weights(timm):
    known = spec("fasternet_t0")
    ours, other = create(known, 64), create_timm("fasternet_t0", 64)
    assert torch.equal(ours(example_input(known, 64)), other(image(other, 64)))
    state = torch.random.get_rng_state()
    seeded = create_timm("fasternet_t0", 64, seed=1)
    assert not torch.equal(seeded.classifier.weight, other.classifier.weight)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize(
    ("name", "resolution"),
    [
        ("vit_tiny_patch16_224", 64),
        ("resnet18", 64),
        ("resnet18.a1_in1k", 64),
        ("repvgg_a0", 64),
        ("levit_128s", 224),
        ("swin_tiny_patch4_window7_224", 96),
    ],
)
def test_an_image_tells_in_the_logits(timm, name, resolution):
    model = create_timm(name, resolution)
    first, second = (model(image(model, resolution, seed=seed)) for seed in (0, 1))
    assert first.shape == (1, 1000)
    assert float((first - second).abs().max()) > 0.01 * float(first.abs().max())
    assert not any(part.training for part in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_facts_are_those_of_the_network_that_is_run(timm):
    assert facts("resnet18") == {
        "family": "ResNet",
        "channels": 3,
        "resolution": 224,
        "params": 11_689_512,
        "macs": 1_814_073_344,
        "folds": False,
    }
    known, told = spec("mobileone_s1"), facts("mobileone_s1")
    assert (told["params"], told["macs"], told["folds"]) == (known.params, known.macs, True)
    assert facts("convnext_tiny.fb_in22k_ft_in1k_384")["resolution"] == 384


@pytest.mark.parametrize(
    ("name", "resolution", "words"),
    [
        ("resnet_18", None, "no model 'resnet_18'; did you mean .*timm:resnet18"),
        ("??", None, "it has [0-9]+ of them"),
        ("resnet18.nobodys", None, "resnet18 has no tag 'nobodys'; use one of: .*a1_in1k"),
        ("efficientformer_l1", 256, "timm:efficientformer_l1 cannot take resolution 256 .* its own is 224"),
        ("swin_tiny_patch4_window7_224", 3, "cannot"),
    ],
)
def test_what_cannot_be_built_is_told_in_one_sentence(timm, name, resolution, words):
    with pytest.raises(BadInput, match=words) as caught:
        facts(name, resolution)
    assert "\n" not in str(caught.value)
