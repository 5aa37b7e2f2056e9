import pytest

from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline.subjects import kinds, resolve
from latbench.pipeline.subjects.zoo import whole_zoo
from latbench.zoo.registry import models, spec


def test_a_model_brings_its_published_figures():
    found, model = resolve("efficientmod_s"), spec("efficientmod_s")
    assert (found.params, found.macs, found.resolution) == (model.params, model.macs, 224)
    assert (found.input_shape, found.family) == ("1x3x224x224", model.family)
    assert found.evidence == "published"
    assert resolve("cetnet_t").evidence == "reconstruction"


def test_macs_are_exact_at_the_models_own_resolution_only():
    found = resolve("efficientmod_s", 448)
    assert found.macs is None
    assert found.about_macs == 4 * spec("efficientmod_s").macs


def test_an_unknown_model_brings_near_names():
    with pytest.raises(BadInput, match="did you mean efficientmod_s"):
        resolve("efficientmod_ss")


def test_a_resolution_the_model_cannot_take_is_refused():
    with pytest.raises(BadInput, match="efficientmod_iso_196x11 cannot take resolution 225"):
        resolve("efficientmod_iso_196x11", 225)


def test_of_the_whole_zoo_those_that_cannot_take_a_resolution_say_so():
    found = whole_zoo(256)
    assert [one.name for one in found] == [model.name for model in models()]
    refused = {one.name for one in found if one.refusal}
    assert "efficientmod_iso_196x11" in refused
    assert "efficientmod_s" not in refused


def test_it_is_built_as_a_runtime_will_build_it_again():
    import torch

    from latbench.runtimes.base import Source
    from latbench.runtimes.pt.load import build

    wish = resolve("efficientmod_xxs", 64).wish("portable", 20)
    built = kinds()["zoo"].build(wish)
    again = build(Source("module", factory=built.factory, kwargs=built.kwargs))
    assert built.inputs[0].shape == (1, 3, 64, 64)
    assert all(
        torch.equal(one, other)
        for one, other in zip(built.module.state_dict().values(), again.state_dict().values(), strict=True)
    )


def test_what_cannot_be_built_here_keeps_its_row_with_the_reason(monkeypatch):
    from latbench.zoo import timm_spec

    monkeypatch.setattr(timm_spec, "missing", lambda: "timm cannot be found: pip install it")
    found = {one.name: one for one in whole_zoo(None)}
    assert found["fasternet_t0"].refusal.startswith("fasternet_t0 comes from timm, but timm cannot be found")
    assert found["efficientmod_s"].refusal is None
    assert found["deit_tiny"].params == spec("deit_tiny").params
    with pytest.raises(EnvironmentFault, match="comes from timm"):
        resolve("deit_tiny")
