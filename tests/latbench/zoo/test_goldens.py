"""The networks against outputs of the authors' code (tests/data/goldens)."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from latbench import create_model
from latbench.zoo.create import example_input
from latbench.zoo.layers.attention import AttentionBlock
from latbench.zoo.layers.layout import LAYOUTS, MIXED
from latbench.zoo.layers.modulation import Modulation, ScaledResidual
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"
TOLERANCE = 1e-4
MODELS = sorted(path.stem for path in GOLDENS.glob("*.json") if not path.stem.endswith("_blocks"))
FEW = (("broadcast", "channels_last"), ("broadcast", MIXED), ("repeat", "channels_first"))
QUICK = {
    *("convnext_xt", "edgevit_xxs", "efficientmod_xxs", "parc_convnext_xt", "parc_mobilenetv2"),
    *("cswin_tiny", "cvt_13", "pvt_tiny", "pvt_v2_b0"),
}
FORMS = [
    pytest.param(expand, layout, marks=() if (expand, layout) in FEW else pytest.mark.slow)
    for expand in ("broadcast", "repeat")
    for layout in (*LAYOUTS, MIXED)
]
BLOCKS = {
    "block_c32_r1_56": lambda layout: ScaledResidual(32, Modulation(32, 1, layout), layout),
    "block_c64_r4_28": lambda layout: ScaledResidual(64, Modulation(64, 4, layout), layout),
    "block_c128_r6_14": lambda layout: ScaledResidual(128, Modulation(128, 6, layout), layout),
    "block_c40_r1_56": lambda layout: ScaledResidual(40, Modulation(40, 1, layout), layout),
    "attnblock_c128_14": lambda layout: AttentionBlock(128, layout, 8, 32, 4),
    "attnblock_c288_7": lambda layout: AttentionBlock(288, layout, 8, 36, 4),
    "attnblock_c312_7": lambda layout: AttentionBlock(312, layout, 8, 39, 5),
}


def published(name):
    """Return the model with the goldens' weights, which a calibrated one has no more."""
    model = spec(name).build().eval().requires_grad_(False)
    live(model)
    return model


def shapes(module):
    return {key: list(tensor.shape) for key, tensor in module.state_dict().items()}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in MODELS],
)
def test_keys_shapes_and_logits_are_those_of_the_authors_code(name):
    golden = json.loads((GOLDENS / f"{name}.json").read_text())
    logits = np.load(GOLDENS / f"{name}.npz")["logits"]
    model, known = published(name), spec(name)
    assert shapes(model) == dict(golden["state_dict"])
    assert known.params == golden["params"]
    assert (known.code, known.commit) == (golden["code"], golden["commit"])
    output = model(example_input(known, golden["resolution"])).numpy()
    assert np.abs(output - logits).max() <= TOLERANCE * np.abs(logits).max()


@pytest.mark.parametrize(("expand", "layout"), FORMS)
def test_every_form_gives_the_authors_logits(expand, layout):
    logits = np.load(GOLDENS / "efficientmod_xxs.npz")["logits"]
    model = create_model("efficientmod_xxs", expand=expand, layout=layout)
    output = model(example_input(spec("efficientmod_xxs"))).numpy()
    assert np.abs(output - logits).max() <= TOLERANCE * np.abs(logits).max()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_give_the_outputs_of_the_authors_code(name, layout):
    golden = json.loads((GOLDENS / "efficientmod_blocks.json").read_text())[name]
    arrays = np.load(GOLDENS / "efficientmod_blocks.npz")
    block = BLOCKS[name](layout).eval()
    assert shapes(block) == dict(golden["state_dict"])
    live(block)
    noise = np.random.default_rng(0).standard_normal(golden["input_shape"]).astype(np.float32)
    with torch.inference_mode():
        output = layout.to_nhwc(block(layout.from_nhwc(torch.from_numpy(noise)))).numpy()
    bound = TOLERANCE * golden["max_abs"]
    assert np.abs(output.ravel()[arrays[f"{name}.index"]] - arrays[f"{name}.value"]).max() <= bound
    assert output.mean() == pytest.approx(golden["mean"], abs=bound)
    assert output.std() == pytest.approx(golden["std"], rel=TOLERANCE)
    assert np.abs(output).max() == pytest.approx(golden["max_abs"], rel=TOLERANCE)
