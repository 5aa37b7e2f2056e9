"""Tests of every model of the zoo leave out one whose package is not here, in CI none.

A test that asks for a `member` is one of every model: quick for the smallest of each family, slow for others.
"""

import os
import shutil

import numpy as np
import pytest
import torch

from exporters.capture import capture
from exporters.export import DEFAULT_OPSET, export
from latbench.zoo.create import create_model, example_input
from latbench.zoo.registry import models, spec
from latbench.zoo.weights import live

LARGE = 16_000_000
"""Parameters from which on even the smallest of a family is built in a slow test only."""


def pytest_generate_tests(metafunc):
    if "member" in metafunc.fixturenames:
        smallest = {}
        for known in sorted(models(), key=lambda known: known.params):
            smallest.setdefault(known.family, known)
        quick = [known for known in smallest.values() if known.params < LARGE]
        each = [
            pytest.param(known, id=known.name, marks=() if known in quick else pytest.mark.slow)
            for known in models()
        ]
        metafunc.parametrize("member", each)


@pytest.fixture(autouse=True)
def what_can_be_built(request):
    given = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    known = given.get("known", given.get("member"))
    lack = known.missing() if hasattr(known, "missing") else None
    if lack and "CI" not in os.environ:
        pytest.skip(lack)


@pytest.fixture
def block_agrees():
    """Return a check of a block against one of the authors', its outputs carried at `<name>.index` alone."""

    def check(block, name, golden, arrays, tolerance):
        block = block.eval().requires_grad_(False)
        shapes = {key: list(tensor.shape) for key, tensor in block.state_dict().items()}
        assert shapes == dict(golden["state_dict"])
        live(block)
        noise = np.random.default_rng(0).standard_normal(golden["input_shape"])
        output = block(torch.from_numpy(noise.astype(np.float32))).numpy()
        assert list(output.shape) == golden["output_shape"]
        bound = tolerance * golden["max_abs"]
        assert np.abs(output.ravel()[arrays[f"{name}.index"]] - arrays[f"{name}.value"]).max() <= bound
        assert output.mean() == pytest.approx(golden["mean"], abs=bound)
        assert output.std() == pytest.approx(golden["std"], rel=tolerance)
        assert np.abs(output).max() == pytest.approx(golden["max_abs"], rel=tolerance)

    return check


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return what exports a model of the zoo for a target; a form of it is captured once for all targets.

    The files, up to 100 MB each, go when the module's tests have ended.
    """
    captured, folders = {}, []

    def made(name, target, resolution=None, **forms):
        image = (example_input(spec(name), resolution),)
        key = (name, resolution, *sorted(forms.items()))
        if key not in captured:
            model = create_model(name, resolution, **forms)
            captured[key] = model, capture(model, image, DEFAULT_OPSET)
        model, traced = captured[key]
        folders.append(tmp_path_factory.mktemp(name))
        return export(model, image, name=name, output=folders[-1], target=target, captured=traced)

    yield made
    for folder in folders:
        shutil.rmtree(folder)
