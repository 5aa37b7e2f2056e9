"""MobileNetV2 and ParC-MobileNetV2: the logits of others' code, in every form."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from latbench import create_model
from latbench.zoo.create import example_input
from latbench.zoo.layers.parc import ParC
from latbench.zoo.networks.mobilenetv2 import CircularResidual
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"


def test_the_plain_network_gives_timms_logits_with_timms_weights():
    golden = json.loads((GOLDENS / "timm" / "mobilenetv2_100.json").read_text())
    logits = np.load(GOLDENS / "timm" / "mobilenetv2_100.npz")["logits"]
    theirs = {
        key: torch.zeros(shape, dtype=torch.float32 if shape else torch.int64)
        for key, shape in golden["state_dict"]
    }
    live(SimpleNamespace(state_dict=lambda: theirs))
    model = create_model("mobilenetv2")
    ours = model.state_dict()
    assert [list(tensor.shape) for tensor in ours.values()] == [shape for _, shape in golden["state_dict"]]
    model.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))  # both list tensors as they are used
    output = model(example_input(spec("mobilenetv2"))).numpy()
    assert np.abs(output - logits).max() <= 1e-4 * np.abs(logits).max()


def test_the_fft_form_gives_the_authors_logits():
    logits = np.load(GOLDENS / "parc_mobilenetv2.npz")["logits"]
    model = spec("parc_mobilenetv2").build(parc="fft").eval()
    live(model)
    with torch.inference_mode():
        output = model(example_input(spec("parc_mobilenetv2"))).numpy()
    assert np.abs(output - logits).max() <= 1e-4 * np.abs(logits).max()


@pytest.mark.parametrize("resolution", [32, 160])
def test_the_forms_agree_at_other_resolutions_where_kernels_are_resized(resolution):
    name = "parc_mobilenetv2"
    image = example_input(spec(name), resolution)
    spatial, fft = (create_model(name, resolution, parc=form)(image) for form in ("spatial", "fft"))
    torch.testing.assert_close(spatial, fft, rtol=0, atol=1e-5 * float(spatial.abs().max()))


def test_only_the_first_circular_block_of_a_stage_has_embeddings():
    blocks = create_model("parc_mobilenetv2").features
    held = {
        index: [one.pe is not None for one in block.modules() if isinstance(one, ParC)]
        for index, block in enumerate(blocks)
    }
    assert {index: pair for index, pair in held.items() if pair} == {
        **{9: [True, True], 10: [False, False]},
        **{13: [True, True], 16: [True, True]},
    }


@pytest.mark.parametrize("form", ["spatial", "fft"])
def test_a_block_gives_the_outputs_of_the_authors_code(form):
    name = "mbv2_block_c64_r14_pe"
    golden = json.loads((GOLDENS / "parc_blocks.json").read_text())[name]
    arrays = np.load(GOLDENS / "parc_blocks.npz")
    block = CircularResidual(64, 6, 14, embedding=True, form=form).eval()
    assert {key: list(held.shape) for key, held in block.state_dict().items()} == dict(golden["state_dict"])
    live(block)
    noise = np.random.default_rng(0).standard_normal(golden["input_shape"]).astype(np.float32)
    with torch.inference_mode():
        output = block(torch.from_numpy(noise)).numpy()
    bound = 1e-5 * golden["max_abs"]
    assert np.abs(output.ravel()[arrays[f"{name}.index"]] - arrays[f"{name}.value"]).max() <= bound
    assert output.std() == pytest.approx(golden["std"], rel=1e-5)
