import sys
from pathlib import Path

import pytest

from latbench.errors import BadInput
from latbench.pipeline.own.inputs import NONE, Inputs
from latbench.pipeline.subjects import kinds, resolve

OWN = """
import torch
from dataclasses import dataclass
from torch import nn
from beside import WIDTH

@dataclass
class Out:
    hidden: torch.Tensor
    pooled: torch.Tensor
    loss: torch.Tensor | None = None

class Words(nn.Module):
    def __init__(self, size, kind):
        super().__init__()
        self.table, self.kind = nn.Embedding(size, WIDTH), kind
    def forward(self, ids, mask=None):
        rows = self.table(ids) * mask.unsqueeze(-1)
        return Out(rows, rows.mean(1))

def words(size=10, kind="small"):
    ids = torch.full((2, 5), size - 1)
    return Words(size, kind), {"ids": ids, "mask": torch.ones(2, 5), "other": None}

def bare(size=10):
    return Words(size, "bare")

def halves():
    return nn.Linear(3, 3).bfloat16(), torch.ones(1, 3).bfloat16()

def loose():
    class Loose(nn.Module):
        def forward(self, x):
            return {"x": x, "loss": 0.5}
    return Loose()
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "own.py").write_text(OWN)
    (tmp_path / "d" / "beside.py").write_text("WIDTH = 4")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    return "d/own.py"


def build(name, resolution=None, asked=NONE):
    return kinds()["factory"].build(resolve(name, resolution, asked).wish("portable", 20))


def test_a_bare_module_gets_an_image(factories):
    assert build(f"{factories}:make").inputs[0].shape == (1, 3, 224, 224)
    assert build(f"{factories}:make", 32).inputs[0].shape == (1, 3, 32, 32)


def test_a_factory_may_bring_its_own_inputs(factories):
    assert build(f"{factories}:pair").inputs[0].shape == (2, 4)


def test_weights_are_the_same_each_time(factories):
    import torch

    from latbench.runtimes.base import Source
    from latbench.runtimes.pt.load import build as build_again

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
    with pytest.raises(BadInput, match=r"write package\.module:factory or"):
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


def test_a_file_is_a_module_that_finds_what_lies_beside_it(own):
    built = build(f"{own}:words(size=7,kind=tiny)")
    assert built.module.inner.table.weight.shape == (7, 4)
    assert built.module.inner.kind == "tiny"
    with pytest.raises(BadInput, match=r"There is no file d/none\.py"):
        build("d/none.py:words")


def test_keywords_and_fields_have_their_names_in_the_graph(own):
    built = build(f"{own}:words(7)")
    assert (built.input_names, built.output_names) == (("ids", "mask"), ("hidden", "pooled"))
    hidden, pooled = built.module(*built.inputs)
    assert (hidden.shape, pooled.shape) == ((2, 5, 4), (2, 4))
    assert int(built.inputs[0].min()) == 6


def test_a_runtime_makes_the_same_module_again(own):
    import torch

    from latbench.runtimes.base import Source
    from latbench.runtimes.pt.load import build as build_again

    built = build(f"{own}:words(7)")
    again = build_again(Source("module", factory=built.factory, kwargs=dict(built.kwargs)))
    assert torch.equal(built.module(*built.inputs)[0], again(*built.inputs)[0])
    assert not again.training


def test_shapes_make_the_inputs_of_a_bare_module(own):
    asked = Inputs(shape=("mask=3x6", "ids=3x6:int64"), values=("ids=9:10",))
    built = build(f"{own}:bare", None, asked)
    assert built.input_names == ("mask", "ids")
    assert built.inputs[1].tolist() == [[9] * 6] * 3
    built = build(f"{own}:bare", None, Inputs(shape=("3x6:int64", "3x6")))
    assert [str(one.dtype) for one in built.inputs] == ["torch.int64", "torch.float32"]
    assert set(built.inputs[0].unique().tolist()) == {0, 1}
    assert build(f"{own}:bare", None, Inputs(shape=("3x6:int64", "3x6"))).input_names is None


def test_an_image_may_have_a_range(factories):
    image = build(f"{factories}:make", 16, Inputs(values=("0:1",))).inputs[0]
    assert image.shape == (1, 3, 16, 16)
    assert image.min() >= 0


@pytest.mark.parametrize(
    ("factory", "resolution", "asked", "told"),
    [
        ("words", None, Inputs(shape=("1x2",)), "returns its own inputs; leave out --shape"),
        ("bare", None, Inputs(pin=("batch=1",)), "declares no axes that --pin could fix"),
        ("bare", 8, Inputs(shape=("1x2",)), "leave out --resolution"),
        ("bare", None, Inputs(shape=("ids=1x2", "1x2")), "name all of them or none"),
        ("bare", None, Inputs(shape=("ids=1x2",), values=("x=0:1",)), "the input 'x' of"),
        ("halves", None, NONE, "takes bfloat16 as input 1, which no reference file holds"),
        ("loose", 8, NONE, "returns a float as loss; only tensors can be compared"),
    ],
)
def test_inputs_that_do_not_suit_are_one_sentence(own, factory, resolution, asked, told):
    with pytest.raises(BadInput) as caught:
        build(f"{own}:{factory}", resolution, asked)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
