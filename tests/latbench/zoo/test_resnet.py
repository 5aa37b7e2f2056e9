"""ResNet-50 and ParC-ResNet50: the logits of torchvision's and the authors' code, in every form."""

import json
from pathlib import Path

import numpy as np
import torch

from latbench import create_model
from latbench.zoo.create import example_input
from latbench.zoo.layers.parc import ParC
from latbench.zoo.registry import spec

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"


def test_the_plain_network_has_torchvisions_keys_and_logits():
    golden = json.loads((GOLDENS / "timm" / "resnet50.json").read_text())
    logits = np.load(GOLDENS / "timm" / "resnet50.npz")["logits"]
    model = create_model("resnet50")
    assert {key: list(tensor.shape) for key, tensor in model.state_dict().items()} == dict(
        golden["state_dict"]
    )
    output = model(example_input(spec("resnet50"))).numpy()
    assert np.abs(output - logits).max() <= 1e-4 * np.abs(logits).max()


def test_the_fft_form_gives_the_authors_logits():
    logits = np.load(GOLDENS / "parc_resnet50.npz")["logits"]
    output = create_model("parc_resnet50", parc="fft")(example_input(spec("parc_resnet50"))).numpy()
    assert np.abs(output - logits).max() <= 1e-4 * np.abs(logits).max()


def test_the_forms_agree_at_another_resolution_where_kernels_are_resized():
    image = example_input(spec("parc_resnet50"), 96)
    spatial, fft = (create_model("parc_resnet50", 96, parc=form)(image) for form in ("spatial", "fft"))
    torch.testing.assert_close(spatial, fft, rtol=0, atol=1e-5 * float(spatial.abs().max()))


def test_four_pairs_of_parcs_are_dense_and_hold_what_224_pixels_need():
    found = [module for module in create_model("parc_resnet50").modules() if isinstance(module, ParC)]
    shapes = [(one.axis, *one.gcc_conv.weight.shape) for one in found]
    assert shapes == [
        *[("h", 128, 128, 14, 1), ("w", 128, 128, 1, 14)] * 3,
        *[("h", 256, 256, 7, 1), ("w", 256, 256, 1, 7)],
    ]
