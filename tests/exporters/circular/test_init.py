"""Export of somebody's own ParC, written as nobody else writes it, in every lowering."""

import dataclasses
import importlib

import numpy as np
import onnx
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import exporters
from exporters.artifact import load
from exporters.capture import capture
from exporters.errors import ExportError, InputError
from exporters.execute import execute
from exporters.lowerings import lowerings

CHANNELS, SIZE = 6, 28


class Own(nn.Module):
    """Along H by Pad mode=wrap of an expanded embedding, along W by joining, between 1x1 convolutions."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.first, self.last = nn.Conv2d(3, CHANNELS, 1), nn.Conv2d(CHANNELS, 4, 1)
        self.norm = nn.BatchNorm2d(CHANNELS)
        self.place = nn.Parameter(torch.randn(CHANNELS, SIZE, 1, generator=generator))
        self.tall = nn.Parameter(torch.randn(CHANNELS, 1, SIZE, 1, generator=generator) / SIZE**0.5)
        self.wide = nn.Parameter(torch.randn(CHANNELS, 1, 1, SIZE, generator=generator) / SIZE**0.5)
        with torch.no_grad():
            for parameter in (*self.first.parameters(), *self.last.parameters()):
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / 2)

    def forward(self, x):
        x = self.first(x) + self.place.expand(CHANNELS, SIZE, SIZE)
        x = F.conv2d(F.pad(x, (0, 0, 0, SIZE - 1), mode="circular"), self.tall, groups=CHANNELS)
        x = torch.cat((x, x[..., :-1]), -1)
        return self.last(F.relu(self.norm(F.conv2d(x, self.wide, groups=CHANNELS))))


@pytest.fixture(scope="module")
def own():
    return Own().eval()


@pytest.fixture(scope="module")
def image():
    return torch.randn((1, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def once(own, image):
    return capture(own, (image,), 20)


@pytest.fixture
def lowered(own, image, once, tmp_path):
    """Return a function that exports `own`, captured once, in a lowering."""

    def export(lowering, **options):
        given = {"name": "own", "output": tmp_path, "captured": once, **options}
        return exporters.export(own, (image,), lowering=lowering, **given)

    return export


@pytest.mark.parametrize("name", [*sorted(lowerings()), "fft", "auto"])
def test_each_lowering_is_what_the_module_computes(lowered, once, own, image, name):
    artifact = lowered(name)
    sites = artifact.manifest["sites"]
    assert [(site["axis"], site["length"], site["neighbours"]) for site in sites] == [
        ("h", SIZE, "conv"),
        ("w", SIZE, "conv"),
    ]
    assert len({site["name"] for site in sites}) == 2
    assert {site["asked"] for site in sites} == {artifact.manifest["lowering"]} == {name}
    if name in lowerings():
        assert {site["used"].split("_")[0] for site in sites} == {name.split("_")[0]}
    with torch.no_grad():
        exact = own.double()(image.double()).numpy()
    own.float()
    (made,) = execute(str(artifact.path), once.inputs).values()
    limit = 1e-4 if name == "dft_op" else 2e-6
    assert np.abs(made - exact).max() / np.abs(exact).max() <= limit
    assert load(artifact.path) == artifact


def test_a_capture_serves_many_times_and_gives_what_its_own_would(lowered, own, image, once):
    first, other = lowered("circulant", stem="one"), lowered("crt4_4", stem="two")
    again = exporters.export(
        own, (image,), name="own", output=first.path.parent, stem="three", lowering="circulant"
    )
    assert first.sha256 == again.sha256 == lowered("circulant", stem="four").sha256 != other.sha256
    assert [node.op_type for node in once.model.graph].count("Conv") == 4


def test_the_stages_say_what_the_circular_one_did(lowered):
    nodes = lowered("circulant").manifest["nodes"]
    assert nodes["cleaned"]["Conv"] == 4
    assert (nodes["circular"]["Conv"], nodes["circular"]["MatMul"]) == (2, 2)
    assert nodes["simplified"].get("Pad") is None


def test_spatial_runs_everywhere_too(lowered):
    assert "Pad" not in lowered("spatial").manifest["nodes"]["simplified"]


def test_auto_depends_on_the_threads_and_the_table_and_a_named_lowering_does_not(lowered):
    auto, named = lowered("auto", threads=2), lowered("circulant", threads=2, stem="named")
    assert auto.manifest["threads"] == 2
    assert set(auto.manifest["table"]) == {"origin", "sha256"}
    assert (named.manifest["threads"], named.manifest["table"]) == (None, None)
    noted = {item.key: item.value for item in onnx.load(auto.path).metadata_props}
    assert noted["latbench.lowering"] == "auto"
    assert noted["latbench.used"] == ",".join(site["used"] for site in auto.manifest["sites"])
    assert noted["latbench.table"] == auto.manifest["table"]["sha256"]


def test_convolutions_beside_it_become_products_where_asked(lowered):
    plain, products = lowered("circulant"), lowered("circulant+matmul", stem="products")
    assert plain.manifest["nodes"]["simplified"]["Conv"] == 2
    assert "Conv" not in products.manifest["nodes"]["simplified"]
    assert {site["used"] for site in products.manifest["sites"]} == {"circulant+matmul"}


def test_what_cannot_be_is_refused_before_anything_is_done(lowered, own, image, tmp_path):
    with pytest.raises(InputError, match="no lowering 'fast'; use one of: auto"):
        exporters.export(own, (image,), name="own", output=tmp_path, lowering="fast")
    with pytest.raises(ExportError, match="opset 20 where 19 was asked for"):
        lowered("circulant", opset=19)
    assert not list(tmp_path.iterdir())


def test_constants_that_would_not_fit_are_refused(lowered, monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.import_module("exporters.export"), "LARGEST", 2**15)
    with pytest.raises(InputError, match="own is over 2 GiB with the lowering circulant; use another"):
        lowered("circulant")
    assert not list(tmp_path.iterdir())


def test_a_wrong_lowering_is_not_written(lowered, monkeypatch, tmp_path):
    chosen = lowerings()["circulant"]

    def wrong(builder, x, op, factor):
        y = chosen.build(builder, x, op, factor)
        return builder.node("Add", y, y)

    entry = dataclasses.replace(chosen, build=wrong)
    monkeypatch.setattr("exporters.circular.lower.lowerings", lambda: {"circulant": entry})
    with pytest.raises(ExportError, match="own with the lowering circulant does not compute what the module"):
        lowered("circulant")
    assert not list(tmp_path.iterdir())
