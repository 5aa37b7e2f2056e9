"""FocalNet: the outputs of the authors' code and of timm's, in every layout."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from latbench import create_model
from latbench.zoo.create import example_input
from latbench.zoo.networks.focalnet import FocalNet
from latbench.zoo.registry import models, spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"
SMALL = {"dims": (8, 12, 16, 20), "depths": (1, 1, 2, 1), "kernels": (3, 5, 7)}
# The standard deviations of the authors' logits where the logits are not carried.
DEVIATIONS = {
    ("focalnet_tiny_srf", 224): 0.47379571199417114,
    ("focalnet_tiny_lrf", 256): 0.4509034752845764,
}


def ours_of(key):
    """Return the authors' key of timm's, whose stages begin with the step that the authors' end with."""
    parts = key.split(".")
    if parts[0] == "stem":
        return ".".join(("patch_embed", *parts[1:]))
    if parts[0] == "head":
        return ".".join(("head", *parts[2:]))
    if parts[2:3] == ["downsample"]:
        return ".".join(("layers", str(int(parts[1]) - 1), *parts[2:]))
    return key


@pytest.mark.parametrize(
    "name", ["focalnet_tiny_srf", pytest.param("focalnet_tiny_lrf", marks=pytest.mark.slow)]
)
def test_timms_weights_give_timms_logits(name):
    golden = json.loads((GOLDENS / "timm" / f"{name}.json").read_text())
    logits = np.load(GOLDENS / "timm" / f"{name}.npz")["logits"]
    theirs = {key: torch.zeros(shape) for key, shape in golden["state_dict"]}
    live(SimpleNamespace(state_dict=lambda: theirs))
    model = create_model(name)
    wanted = model.state_dict()
    given = {ours_of(key): tensor for key, tensor in theirs.items()}
    assert spec(name).params == golden["params"]
    model.load_state_dict({key: tensor.reshape(wanted[key].shape) for key, tensor in given.items()})
    output = model(example_input(spec(name))).numpy()
    assert np.abs(output - logits).max() <= 1e-5 * np.abs(logits).max()


@pytest.mark.parametrize(
    ("name", "resolution"),
    [pytest.param(*case, marks=pytest.mark.slow if case[1] == 256 else ()) for case in DEVIATIONS],
)
def test_other_levels_and_sizes_spread_their_logits_as_the_authors_do(name, resolution):
    output = create_model(name)(example_input(spec(name), resolution))
    assert float(output.std(correction=0)) == pytest.approx(DEVIATIONS[name, resolution], rel=1e-6)


@pytest.mark.parametrize("layout", ["channels_first", "blocked"])
def test_every_layout_computes_the_same(layout):
    image = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    model, other = (FocalNet(**SMALL, layout=each).eval() for each in ("channels_last", layout))
    live(model)
    other.load_state_dict(model.state_dict())
    with torch.inference_mode():
        torch.testing.assert_close(other(image), model(image), rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(64, 96), (45, 38)])
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_images_of_any_shape_pass_one_by_one_or_together(layout, size):
    model = FocalNet(**SMALL, layout=layout).eval().requires_grad_(False)
    live(model)
    images = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    output = model(images)
    assert output.shape == (2, 1000)
    torch.testing.assert_close(output, torch.cat([model(image[None]) for image in images]))
    assert float((output[0] - output[1]).abs().max()) > 0.05 * float(output.abs().max())


def test_without_levels_the_context_is_the_mean_alone():
    model = FocalNet(**SMALL | {"kernels": ()}).eval().requires_grad_(False)
    live(model)
    modulation = model.layers[0].blocks[0].modulation
    x = torch.randn(1, 4, 6, 8, generator=torch.Generator().manual_seed(0))
    query, context, gate = modulation.f(x).split((8, 8, 1), -1)
    pooled = torch.nn.functional.gelu(context.mean((1, 2), keepdim=True)) * gate
    modulator = pooled @ modulation.h.weight.flatten(1).T + modulation.h.bias
    torch.testing.assert_close(modulation(x), modulation.proj(query * modulator))


def test_the_reductions_round_to_the_published_row_and_say_that_they_are_inferred():
    reduced = [model for model in models() if model.name.startswith("focalnet_4m")]
    assert len(reduced) == 2
    for model in reduced:
        assert (round(model.params / 1e6, 1), round(model.macs / 1e9, 1)) == (4.6, 0.7)
        assert model.evidence.label == "inferred"
        assert "not published" in model.evidence.why


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(target, exported):
    known = spec("focalnet_4m_w48")
    made = exported(known.name, target, **known.forms_for(target))
    assert made.manifest["sensitivity"] > 0.01
    nodes = made.manifest["nodes"]["simplified"]
    assert nodes["Split"] == 7, "one in each block"
    assert not {"Shape", "Expand"} & set(nodes)
