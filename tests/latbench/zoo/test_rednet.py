"""RedNet and the involution's golden blocks: keys, shapes and outputs of the authors' code."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from latbench import create_model
from latbench.errors import BadInput
from latbench.zoo.create import example_input
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[2] / "data" / "goldens" / "rednet"
SCALED = {
    r"(^|\.)(conv2\.conv2|stem\.1\.conv2)\.conv\.weight$": 0.3,
    r"(^|\.)bn3\.weight$": 0.2,
}
"""By how much the goldens' weights are smaller than `live` makes them (tests/data/goldens/README.md)."""


def published(name):
    """Return the model with the goldens' weights."""
    model = spec(name).build().eval().requires_grad_(False)
    live(model)
    for key, tensor in model.state_dict().items():
        for pattern, factor in SCALED.items():
            if re.search(pattern, key):
                tensor.mul_(np.float32(factor))
    return model


@pytest.mark.parametrize("name", ["rednet26", "rednet50"])
def test_keys_shapes_and_logits_are_those_of_the_authors_code(name):
    golden = json.loads((GOLDENS / f"{name}.json").read_text())
    logits = np.load(GOLDENS / f"{name}.npz")["logits"]
    model, known = published(name), spec(name)
    assert {key: list(each.shape) for key, each in model.state_dict().items()} == dict(golden["state_dict"])
    assert known.params == golden["params"]
    assert (known.code, known.commit) == (golden["code"], golden["commit"])
    output = model(example_input(known, golden["resolution"])).numpy()
    assert np.abs(output - logits).max() <= 1e-4 * np.abs(logits).max()


@pytest.mark.parametrize(
    ("name", "published_g"),
    [("rednet26", 1.73), ("rednet38", 2.22), ("rednet50", 2.71), ("rednet101", 4.74), ("rednet152", 6.79)],
)
def test_macs_lie_within_three_percent_of_the_published_ones(name, published_g):
    assert spec(name).macs / 1e9 == pytest.approx(published_g, rel=0.03)


def test_another_size_and_a_map_that_is_not_square():
    model = create_model("rednet26", 64)
    assert model(torch.randn(2, 3, 64, 96)).shape == (2, 1000)
    one, other = (model(example_input(spec("rednet26"), 64, seed=seed)) for seed in (0, 1))
    assert one.isfinite().all()
    assert float((one - other).abs().max()) > 0.05 * float(one.abs().max())


def test_a_size_whose_maps_become_odd_before_a_stride_is_refused():
    with pytest.raises(BadInput, match="224 or 256"):
        create_model("rednet26", 230)
    with pytest.raises(BadInput, match="multiples of 2"):
        create_model("rednet26")(torch.zeros(1, 3, 230, 230))


@pytest.mark.slow
def test_weights_do_not_blow_rounding_up():
    known = spec("rednet50")
    model, image = create_model("rednet50"), example_input(known)
    single, double = model(image), model.double()(image.double())
    assert float((single - double).abs().max()) <= 1e-5 * float(double.abs().max())


@pytest.mark.slow
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_the_export_passes_its_gate_with_no_window_copied_out(target, exported):
    made = exported("rednet26", target)
    assert made.manifest["sensitivity"] > 0.1
    assert made.manifest["parity"]["simplified"]["max_rel"] <= 1e-5
    assert len(made.manifest["involutions"]) == 9
    assert all(site["used"] != "unfold" for site in made.manifest["involutions"])
