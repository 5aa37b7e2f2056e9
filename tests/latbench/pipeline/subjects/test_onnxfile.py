import pytest

from latbench.errors import BadInput
from latbench.pipeline.own.inputs import Inputs
from latbench.pipeline.subjects import kinds, resolve


def test_a_file_is_known_by_the_name_given_and_its_shape(graph):
    path = graph()
    found = resolve(str(path))
    assert (found.name, found.input_shape, found.resolution) == (str(path), "1x3x8x8", 8)
    assert found.gives == {"onnx"}
    assert found.macs is None


def test_an_input_that_is_no_image_has_no_resolution(graph):
    assert resolve(str(graph((1, 7)))).resolution is None


def test_its_own_resolution_may_be_named_and_no_other(graph):
    path = str(graph())
    assert resolve(path, 8).resolution == 8
    with pytest.raises(BadInput, match=r"fixed input 1x3x8x8; --resolution 16"):
        resolve(path, 16)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"There is no file .*none"):
        resolve(str(tmp_path / "none.onnx"))


def test_a_path_to_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(BadInput, match=r"is no \.onnx file"):
        resolve(str(tmp_path / "notes.txt"))


def test_open_axes_are_fixed_as_asked(graph):
    path = str(graph(("batch", 3, "h", "w")))
    assert resolve(path, 16).input_shape == "1x3x16x16"
    found = resolve(path, None, Inputs(pin=("batch=2", "h=8", "w=4")))
    assert (found.input_shape, found.resolution, found.inputs.pin[0]) == ("2x3x8x4", None, "batch=2")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("m.onnx", "onnxfile"),
        ("d/notes.txt", "onnxfile"),
        ("d/m.pt2", "program"),
        ("d/own.py:make", "factory"),
        ("own:make(weights=d/m.onnx)", "factory"),
        ("own:make(weights=m.pt2)", "factory"),
        ("efficientmod_s", "zoo"),
    ],
)
def test_each_name_is_of_one_kind(name, kind):
    assert next(one.name for one in kinds().values() if one.claims(name)) == kind
