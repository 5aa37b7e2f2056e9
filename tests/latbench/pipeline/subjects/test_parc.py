import pytest
import torch

from exporters.lowerings.table import Row, Table
from latbench.errors import BadInput
from latbench.pipeline.export import build
from latbench.pipeline.subjects import parc as module
from latbench.pipeline.subjects import resolve
from latbench.pipeline.wish import EAGER
from latbench.zoo.layers.parc import circular_fft, circular_spatial

NAME = "parc_h_c8_14"


def row(axis, ratio, threads=1):
    return Row("pytorch", axis, 14, 8, threads, "none", False, "fft", 0.1, ratio)


def test_a_parc_is_named_before_the_zoo_is_asked():
    subject = resolve("parc_w_c8_14x28_dense_net")
    assert (subject.kind, subject.family, subject.input_shape) == ("parc", "ParC", "1x8x14x28")
    assert subject.resolution is None
    assert resolve(NAME).resolution == 14
    assert resolve("parc_resnet50").kind == "zoo"


def test_its_size_is_in_its_name_alone():
    assert resolve(NAME, 14).resolution == 14
    for name, resolution in ((NAME, 28), ("parc_h_c8_14x28", 14)):
        with pytest.raises(BadInput, match="has its size in its name; leave out --resolution"):
            resolve(name, resolution)


def test_the_size_of_a_square_is_written_once():
    assert resolve("parc_h_c8_14x14").name == NAME


def test_a_lowering_is_a_form_and_auto_the_default():
    subject = resolve(NAME)
    assert subject.wish("portable", 20).forms == {"parc": "auto"}
    assert subject.wish("portable", 20, {"parc": "crt4_7"}).forms == {"parc": "crt4_7"}
    with pytest.raises(
        BadInput, match="parc_h_c8_14 has no --parc 'fastest'; use one of: auto, spatial, fft"
    ):
        subject.wish("portable", 20, {"parc": "fastest"})


@pytest.mark.parametrize(
    ("parc", "form"), [("spatial", circular_spatial), ("fft", circular_fft), ("crt2", circular_spatial)]
)
def test_what_is_exported_is_the_form_asked_for_or_the_spatial_one(parc, form):
    built = build(resolve(NAME).wish("portable", 20, {"parc": parc}))
    assert built.module.correlate is form
    assert built.kwargs == {"name": NAME, "seed": 0, "parc": parc}
    assert built.inputs[0].shape == (1, 8, 14, 14)
    with torch.no_grad():
        assert built.module(*built.inputs).isfinite().all()


def test_run_as_it_is_auto_is_what_was_measured_to_be_faster(monkeypatch):
    table = Table((row("h", 2.0), row("w", 0.5), row("h", 0.5, threads=4)))
    monkeypatch.setattr(module, "in_use", lambda: table)

    def form(name, threads):
        return build(resolve(name).wish(EAGER, 20, None, threads)).kwargs["parc"]

    assert form("parc_h_c8_14", 1) == "fft"
    assert form("parc_h_c8_14", 4) == "spatial"
    assert form("parc_w_c8_14", 1) == "spatial"
    assert form("parc_h_c8_14_dense", 1) == "auto"


def test_what_an_export_alone_can_do_is_no_form_to_run_as_it_is():
    subject = resolve(NAME)
    assert subject.eager_refusal({"parc": "fft"}) is None
    assert "--parc crt2 is a form of exported graphs" in subject.eager_refusal({"parc": "crt2"})
