import pytest

from latbench.errors import BadInput
from latbench.pipeline.cellname import KEYS, CellName, parse, precisions
from latbench.runtimes import runtimes


@pytest.mark.parametrize(
    ("text", "name", "settings"),
    [
        ("m", "m", {}),
        ("m@openvino", "m", {"runtime": "openvino"}),
        ("m@bf16", "m", {"precision": "bf16"}),
        ("m@openvino,threads=2,bf16", "m", {"runtime": "openvino", "threads": 2, "precision": "bf16"}),
        ("a.b:make@layout=blocked, expand=repeat", "a.b:make", {"layout": "blocked", "expand": "repeat"}),
        ("m@resolution=192,opset=19", "m", {"resolution": 192, "opset": 19}),
        (
            "m@fake,set:level=5,set:mode=fancy",
            "m",
            {"runtime": "fake", "set:level": "5", "set:mode": "fancy"},
        ),
        ("m@spinning=off,target=fastest", "m", {"spinning": "off", "target": "fastest"}),
        ("user@site/m.onnx@fake", "user@site/m.onnx", {"runtime": "fake"}),
    ],
)
def test_a_cell_is_read(text, name, settings):
    assert parse(text) == CellName(name, settings)


def test_a_path_that_exists_is_a_name_whatever_its_signs(tmp_path):
    path = tmp_path / "m@openvino"
    path.write_text("")
    assert parse(str(path)) == CellName(str(path))
    assert parse(f"{path}@openvino") == CellName(str(path), {"runtime": "openvino"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names no model"),
        ("@openvino", "names no model"),
        ("m@", "'' is neither a runtime nor a precision"),
        ("m@openvimo", "'openvimo' is neither"),
        ("m@thread=2", "no 'thread' to set; use one of: runtime, threads"),
        ("m@threads=two", "threads is a whole number, not 'two'"),
        ("m@threads=-1", "not '-1'"),
        ("m@threads=", "threads has no value"),
        ("m@fake,runtime=openvino", "sets runtime twice"),
    ],
)
def test_what_cannot_be_read_is_named(text, told):
    with pytest.raises(BadInput, match=r"\.$") as caught:
        parse(text)
    assert told in str(caught.value)


def test_no_word_means_two_things():
    assert not {*runtimes(), *precisions()} & set(KEYS)
    assert not set(runtimes()) & precisions()


def test_a_cell_is_written_as_it_is_read():
    for text in ("m", "m@runtime=openvino,threads=2"):
        assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text", ["m@set:=4", "m@set=4", "m@pin=4", "m@pin:=4", "m@shapes:x=1", "m@threads:x=1"]
)
def test_inputs_of_ones_own_are_written_with_their_names(text):
    with pytest.raises(BadInput, match=r"use one of: runtime, .*shape:INPUT, pin:AXIS, range:INPUT"):
        parse(text)
