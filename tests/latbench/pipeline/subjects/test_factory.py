import sys
from pathlib import Path

import pytest

from latbench.errors import BadInput
from latbench.pipeline.subjects import kinds, resolve


def build(name, resolution=None):
    return kinds()["factory"].build(resolve(name, resolution).wish("portable", 20))


def test_a_bare_module_gets_an_image(factories):
    assert build(f"{factories}:make").inputs[0].shape == (1, 3, 224, 224)
    assert build(f"{factories}:make", 32).inputs[0].shape == (1, 3, 32, 32)


def test_a_factory_may_bring_its_own_inputs(factories):
    assert build(f"{factories}:pair").inputs[0].shape == (2, 4)


def test_weights_are_the_same_each_time(factories):
    import torch

    from latbench.runtimes.base import Source
    from latbench.runtimes.pytorch import build as build_again

    built = build(f"{factories}:make")
    again = build_again(Source("module", factory=built.factory, kwargs=built.kwargs))
    assert torch.equal(built.module[0].weight, again[0].weight)
    assert not built.module.training


@pytest.mark.parametrize(
    ("name", "resolution", "words"),
    [
        ("boom", None, ":boom raised RuntimeError: no weights in here."),
        ("number", None, "returned a int; it must return an nn.Module"),
        ("words", None, "example inputs that are no tensors"),
        ("nothing", None, "cannot be imported: AttributeError"),
        ("pair", 32, "returns its own inputs; leave out --resolution"),
    ],
)
def test_what_a_factory_does_wrong_is_one_sentence(factories, name, resolution, words):
    with pytest.raises(BadInput) as caught:
        build(f"{factories}:{name}", resolution)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_module_that_is_not_there_is_named(factories):
    with pytest.raises(BadInput, match="no_such_module:make cannot be imported: ModuleNotFoundError"):
        build("no_such_module:make")


def test_a_module_that_cannot_be_read_is_named(factories, tmp_path):
    (tmp_path / "broken_factory.py").write_text("1 / 0")
    with pytest.raises(BadInput, match="broken_factory:make raised ZeroDivisionError"):
        build("broken_factory:make")


@pytest.mark.parametrize("name", ["a:", ":b", "a b:c", "a:b:c", "1:2"])
def test_a_name_that_is_no_factory_is_refused(name):
    with pytest.raises(BadInput, match=r"write package\.module:factory"):
        resolve(name)


def test_the_current_directory_becomes_importable(factories, monkeypatch):
    here = str(Path.cwd())
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != here])
    assert resolve(f"{factories}:make").name == f"{factories}:make"
    assert sys.path[0] == here


def test_ones_own_module_is_lowered_in_its_export_alone(factories):
    subject = resolve(f"{factories}:make")
    assert subject.wish("portable", 20).forms == {}
    assert subject.wish("portable", 20, {"parc": "circulant"}).forms == {"parc": "circulant"}
    assert subject.eager_refusal({"parc": "auto"}) is None
    assert "takes auto" in subject.eager_refusal({"parc": "fft"})
