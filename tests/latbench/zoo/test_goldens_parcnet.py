"""ParC-Net against outputs of the authors' code (tests/data/goldens/cvnets)."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from latbench.errors import BadInput
from latbench.zoo.counts import count
from latbench.zoo.create import example_input
from latbench.zoo.networks.parcnet import ParCBlock
from latbench.zoo.registry import spec
from latbench.zoo.weights import calibrate, live, load_weights

GOLDENS = Path(__file__).parents[2] / "data" / "goldens" / "cvnets"
# With these weights the logits feel the image in the fifth digit: 1e-4 would miss an early layer.
TOLERANCE = 5e-6
BLOCK_TOLERANCE = 1e-5
ALIAS = "residual."
BLOCKS = json.loads((GOLDENS / "parcnet_blocks.json").read_text())
# The standard deviations of the authors' logits for models and sizes whose logits are not carried.
DEVIATIONS = {
    ("parcnet_s", 224): 0.137160524725914,
    ("parcnet_xs", 256): 0.13821455836296082,
    ("parcnet_xs", 192): 0.1356782615184784,
    ("parcnet_h", 224): 0.13013149797916412,
}


@pytest.fixture(scope="module")
def small():
    return authors("parcnet_s")


def authors(name, **forms):
    """Return the model with the goldens' weights, which `create_model` calibrates."""
    model = spec(name).build(**forms).requires_grad_(False).eval()
    live(model)
    return model


def authors_keys():
    golden = json.loads((GOLDENS / "parcnet_s.json").read_text())
    return golden, dict(golden["state_dict"])


def shapes(module):
    return {key: list(tensor.shape) for key, tensor in module.state_dict().items()}


def test_keys_shapes_and_counts_are_those_of_the_authors_code(small):
    golden, authors = authors_keys()
    known = spec("parcnet_s")
    assert shapes(small) == {key: shape for key, shape in authors.items() if not key.startswith(ALIAS)}
    assert (known.params, known.resolution) == (golden["params"], golden["resolution"])
    assert (known.code, known.commit) == (golden["code"], golden["commit"])


@pytest.mark.parametrize("parc", ["auto", "spatial", "fft", "circulant"])
def test_every_form_gives_the_authors_logits(parc):
    logits = np.load(GOLDENS / "parcnet_s.npz")["logits"]
    output = authors("parcnet_s", parc=parc)(example_input(spec("parcnet_s"))).numpy()
    assert np.abs(output - logits).max() <= TOLERANCE * np.abs(logits).max()


@pytest.mark.parametrize(
    ("name", "resolution"),
    [pytest.param(*case, marks=pytest.mark.slow if case[0] == "parcnet_h" else ()) for case in DEVIATIONS],
)
def test_other_scales_and_sizes_spread_their_logits_as_the_authors_do(name, resolution):
    output = authors(name)(example_input(spec(name), resolution))
    assert float(output.std(correction=0)) == pytest.approx(DEVIATIONS[name, resolution], rel=1e-6)


@pytest.mark.parametrize("load", [load_weights, lambda model, weights: model.load_state_dict(weights)])
def test_a_checkpoint_with_the_authors_alias_keys_loads(small, load):
    weights = small.state_dict()
    layer = {key: tensor for key, tensor in weights.items() if key.startswith("layer_5.0.")}
    weights |= {ALIAS + key.removeprefix("layer_5.0."): torch.zeros_like(layer[key]) for key in layer}
    assert {key: list(tensor.shape) for key, tensor in weights.items()} == authors_keys()[1]
    model = spec("parcnet_s").build()
    load(model, weights)
    assert all(torch.equal(tensor, weights[key]) for key, tensor in model.state_dict().items())


def test_a_checkpoint_with_other_keys_does_not_load(small):
    with pytest.raises(BadInput, match="have the key 'rest'"):
        load_weights(authors("parcnet_s"), small.state_dict() | {"rest": torch.ones(1)})
    with pytest.raises(RuntimeError, match="layer_5"):
        authors("parcnet_s").load_state_dict(
            {key: tensor for key, tensor in small.state_dict().items() if not key.startswith("layer_5")}
        )


@pytest.mark.parametrize(("name", "macs"), [("parcnet_s", 1_265_770_240), ("parcnet_xs", 721_379_776)])
def test_macs_at_another_resolution(name, macs):
    assert count(spec(name).build(), 224).macs == macs


@pytest.mark.parametrize("name", ["parcnet_s", "parcnet_xs"])
@pytest.mark.parametrize("size", [(64, 160), (96, 64)])
def test_both_forms_agree_on_images_that_are_not_square(name, size):
    image = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    model, other = authors(name), authors(name, parc="fft")
    calibrate(model, image)
    other.load_state_dict(model.state_dict())
    spatial, fft = model(image), other(image)
    assert float((spatial[0] - spatial[1]).abs().max()) > 0.1 * float(spatial.abs().max())
    torch.testing.assert_close(fft, spatial, rtol=0, atol=1e-5 * float(spatial.abs().max()))


def block(name, form):
    fields = name.split("_")
    return ParCBlock(
        int(fields[1].removeprefix("d")),
        int(fields[2].removeprefix("m")),
        128,
        embedding="nope" not in fields,
        bias=any(key.endswith("_bias") for key, _ in BLOCKS[name]["state_dict"]),
        form=form,
        resize="crop" if "crop" in fields else "bilinear",
    ).eval()


@pytest.mark.parametrize("form", ["spatial", "fft"])
@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_give_the_outputs_of_the_authors_code(name, form):
    golden, arrays = BLOCKS[name], np.load(GOLDENS / "parcnet_blocks.npz")
    module = block(name, form)
    assert shapes(module) == dict(golden["state_dict"])
    live(module)
    noise = np.random.default_rng(0).standard_normal(golden["input_shape"]).astype(np.float32)
    with torch.inference_mode():
        output = module(torch.from_numpy(noise)).numpy()
    bound = BLOCK_TOLERANCE * golden["max_abs"]
    assert np.abs(output.ravel()[arrays[f"{name}.index"]] - arrays[f"{name}.value"]).max() <= bound
    assert output.mean() == pytest.approx(golden["mean"], abs=bound)
    assert output.std() == pytest.approx(golden["std"], rel=BLOCK_TOLERANCE)
    assert np.abs(output).max() == pytest.approx(golden["max_abs"], rel=BLOCK_TOLERANCE)


def test_a_block_sends_height_and_width_through_their_own_kernels():
    module = ParCBlock(8, 8, 16).requires_grad_(False).eval()
    live(module)
    image = torch.randn(1, 16, 6, 10, generator=torch.Generator().manual_seed(0))
    turned = ParCBlock(8, 8, 16).requires_grad_(False).eval()
    turned.load_state_dict(module.state_dict())
    swapped = turned.state_dict()
    for key, tensor in module.state_dict().items():
        if key.startswith("meta"):
            other = key.replace("_H", "_?").replace("_W", "_H").replace("_?", "_W")
            swapped[other].copy_(tensor.transpose(2, 3))
    for norm in ("weight", "bias", "running_mean", "running_var"):
        first, second = (module.state_dict()[f"pre_Norm_{place}.{norm}"] for place in (1, 2))
        swapped[f"pre_Norm_1.{norm}"].copy_(second)
        swapped[f"pre_Norm_2.{norm}"].copy_(first)
    halves = torch.cat(image.transpose(2, 3).chunk(2, 1)[::-1], 1)
    through = []
    for part, given in ((module, image), (turned, halves)):
        part.ffn, part.ca = torch.nn.Identity(), torch.nn.Identity()
        through.append(part(given))
    back = torch.cat(through[1].transpose(2, 3).chunk(2, 1)[::-1], 1)
    torch.testing.assert_close(back, through[0])
