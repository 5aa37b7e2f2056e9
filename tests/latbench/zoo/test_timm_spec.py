import re
from pathlib import Path

import pytest

from latbench.errors import BadInput, EnvironmentFault
from latbench.zoo import timm_spec
from latbench.zoo.create import create
from latbench.zoo.registry import models, spec
from latbench.zoo.timm_spec import VERSION, TimmSpec

PROJECT = (Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8")


@pytest.fixture
def has(monkeypatch):
    """Make it look as if this version of timm were installed."""

    def install(version):
        monkeypatch.setattr(timm_spec, "missing", lambda: None)
        monkeypatch.setattr(timm_spec, "installed", lambda: version)

    return install


def test_the_extra_installs_the_version_whose_figures_are_stated():
    assert re.search(rf'^timm = .*"timm=={re.escape(VERSION)}"', PROJECT, re.MULTILINE)


def test_another_version_is_refused_for_it_may_build_another_network(has):
    known = spec("deit_tiny")
    has(VERSION)
    assert known.missing() is None
    has("0.9.1")
    with pytest.raises(EnvironmentFault, match=r"timm 0\.9\.1 is .*'latbench\[timm\]', or take timm:deit_"):
        create(known)


def test_without_timm_the_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(timm_spec, "missing", lambda: "timm cannot be found: pip install it")
    with pytest.raises(EnvironmentFault) as caught:
        create(spec("fasternet_t0"))
    assert str(caught.value) == "fasternet_t0 comes from timm, but timm cannot be found: pip install it."


def test_a_network_built_for_one_size_is_told_which():
    known = spec("deit_tiny")
    assert known.at(224) is known
    assert (known.at(256).resolution, known.at(256).config["resolution"]) == (256, 256)
    assert spec("fasternet_t0").at(256) is spec("fasternet_t0")


def test_one_whose_size_cannot_be_chosen_takes_no_other():
    known = spec("efficientformer_l1")
    for resolution in (192, 256):
        with pytest.raises(BadInput, match="the nearest it takes: 224"):
            known.check_resolution(resolution)


def test_models_of_timm_say_so():
    assert {known.package for known in models()} == {"latbench", "timm"}
    assert all((known.package == "timm") == isinstance(known, TimmSpec) for known in models())


def test_branches_are_kept_until_the_weights_are_in(timm):
    import torch

    from latbench.zoo.create import example_input

    known = spec("mobileone_s1")
    image = example_input(known, 64)
    folded, kept = (create(known, 64, reparam=form) for form in ("fused", "train"))
    assert len(folded.state_dict()) < len(kept.state_dict()) / 5
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.stages.modules())
    expected = kept(image)
    torch.testing.assert_close(folded(image), expected, rtol=0, atol=2e-4 * float(expected.abs().max()))
