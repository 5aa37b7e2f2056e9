"""ConvNeXt and ParC-ConvNeXt: the outputs of others' code, in every form and layout."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from latbench import create_model
from latbench.zoo.create import example_input
from latbench.zoo.layers.layout import LAYOUTS
from latbench.zoo.networks.convnext import CircularBlock
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"
XT = "parc_convnext_xt"
BLOCKS = {"convnext_block_c96_r14": (96, 14), "cvx_block_c48_m16_r14": (48, 16)}
KEYS = {"gcc_conv_1H": "gcc_H", "gcc_conv_2W": "gcc_W", "meta_pe": "pe"}
"""Parts of the keys of the co-author's class, and ours."""


def test_the_plain_network_gives_timms_logits_with_timms_weights():
    golden = json.loads((GOLDENS / "timm" / "convnext_tiny.json").read_text())
    logits = np.load(GOLDENS / "timm" / "convnext_tiny.npz")["logits"]
    theirs = {key: torch.zeros(shape) for key, shape in golden["state_dict"]}
    live(SimpleNamespace(state_dict=lambda: theirs))
    model = create_model("convnext_t")
    model.load_state_dict({ours_of(key): tensor for key, tensor in theirs.items()})
    output = model(example_input(spec("convnext_t"))).numpy()
    assert np.abs(output - logits).max() <= 1e-4 * np.abs(logits).max()


def ours_of(key):
    """Return the official key of timm's: its stages hold the step before them."""
    parts = key.split(".")
    if parts[0] == "stem":
        return ".".join(("downsample_layers.0", *parts[1:]))
    if parts[0] == "head":
        return ".".join((*({"norm": ("norm",), "fc": ("head",)}[parts[1]]), *parts[2:]))
    if parts[2] == "downsample":
        return ".".join(("downsample_layers", parts[1], *parts[3:]))
    key = ".".join(("stages", parts[1], *parts[3:]))
    return key.replace("conv_dw", "dwconv").replace("mlp.fc1", "pwconv1").replace("mlp.fc2", "pwconv2")


@pytest.mark.parametrize(("parc", "layout"), [("fft", "channels_last"), ("spatial", "channels_first")])
def test_every_form_gives_the_authors_logits(parc, layout):
    logits = np.load(GOLDENS / f"{XT}.npz")["logits"]
    output = create_model(XT, parc=parc, layout=layout)(example_input(spec(XT))).numpy()
    assert np.abs(output - logits).max() <= 1e-4 * np.abs(logits).max()


@pytest.mark.parametrize(("resolution", "layout"), [(32, "channels_last"), (128, "blocked")])
def test_the_forms_agree_at_other_resolutions_where_kernels_are_resized(resolution, layout):
    image = example_input(spec(XT), resolution)
    spatial, fft = (
        create_model(XT, resolution, parc=form, layout=layout)(image) for form in ("spatial", "fft")
    )
    torch.testing.assert_close(spatial, fft, rtol=0, atol=1e-5 * float(spatial.abs().max()))


@pytest.mark.parametrize("form", ["spatial", "fft"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_gives_the_outputs_of_the_authors_code(name, layout, form):
    golden = json.loads((GOLDENS / "parc_blocks.json").read_text())[name]
    arrays = np.load(GOLDENS / "parc_blocks.npz")
    theirs = {key: torch.zeros(shape) for key, shape in golden["state_dict"]}
    live(SimpleNamespace(state_dict=lambda: theirs))
    channels, length = BLOCKS[name]
    block = CircularBlock(channels, layout, length, form).eval()
    block.load_state_dict({block_key(key): tensor for key, tensor in theirs.items()})
    noise = np.random.default_rng(0).standard_normal(golden["input_shape"]).astype(np.float32)
    with torch.inference_mode():
        output = layout.to_nchw(block(layout.from_nchw(torch.from_numpy(noise)))).numpy()
    bound = 1e-5 * golden["max_abs"]
    assert np.abs(output.ravel()[arrays[f"{name}.index"]] - arrays[f"{name}.value"]).max() <= bound
    assert output.std() == pytest.approx(golden["std"], rel=1e-5)


def block_key(key):
    """Return our key; the co-author's class holds its kernel and bias without a layer of their own."""
    for theirs, ours in KEYS.items():
        key = key.replace(theirs, ours)
    parts = key.split(".")
    if len(parts) == 2 and parts[0].startswith("gcc_") and parts[1] in {"weight", "bias"}:
        return f"{parts[0]}.gcc_conv.{parts[1]}"
    return key
