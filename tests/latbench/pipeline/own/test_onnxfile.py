import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latbench.errors import BadInput
from latbench.pipeline.own import onnxfile as module
from latbench.pipeline.own.inputs import Input, Inputs
from latbench.pipeline.own.onnxfile import inspect


def test_inputs_and_opset_are_read(graph):
    found = inspect(graph((2, 3, 4)))
    assert found.inputs == (Input("x", (2, 3, 4), np.float32),)
    assert found.opset == 20


def test_a_symbolic_batch_is_one(graph):
    assert inspect(graph(("batch", 3, 8, 8))).inputs[0].shape == (1, 3, 8, 8)


def test_weights_listed_as_inputs_are_none(graph):
    from onnx import numpy_helper

    path = graph(initializer=[numpy_helper.from_array(np.ones(3, np.float32), "w")])
    assert [one.name for one in inspect(path).inputs] == ["x"]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 3, "h", 8), "axis 2 (h) of its input 'x'"),
        ((1, None), "axis 1 of its"),
        (None, "shape of its input"),
    ],
)
def test_an_open_shape_is_refused(graph, shape, words):
    with pytest.raises(BadInput) as caught:
        inspect(graph(shape))
    assert words in str(caught.value)
    assert "fixed shape" in str(caught.value)


def test_an_input_of_text_is_refused(graph):
    from onnx import TensorProto

    with pytest.raises(BadInput, match="of a type latbench cannot make"):
        inspect(graph(element=TensorProto.STRING))


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x00" * 64, b"\x08\x09"])
def test_a_file_that_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="is damaged or no ONNX file"):
        inspect(path)


def test_a_file_cut_short_is_refused_wherever_it_is_cut(graph):
    path = graph()
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BadInput):
            inspect(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(data=st.binary(max_size=200))
def test_any_bytes_give_an_answer_or_a_refusal(tmp_path, data):
    path = tmp_path / "any.onnx"
    path.write_bytes(data)
    with contextlib.suppress(BadInput):
        assert inspect(path).inputs


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"Cannot read .*nothing\.onnx"):
        inspect(tmp_path / "nothing.onnx")


@pytest.fixture
def external(graph, tmp_path):
    """Writes a model whose weight lies in the file at `location`, which is made unless `absent`."""

    def write(location: str, *, absent: bool = False, nested: bool = False) -> Path:
        from onnx import TensorProto, helper

        tensor = TensorProto(name="w", data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value=location)
        if not absent:
            (tmp_path / location).write_bytes(bytes(4))
        if not nested:
            return graph(name="external.onnx", initializer=[tensor])
        path = graph(name="external.onnx")
        import onnx

        model = onnx.load(path)
        model.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))
        path.write_bytes(model.SerializeToString())
        return path

    return write


def test_data_beside_the_file_is_fine(external):
    assert inspect(external("weights.bin")).inputs


@pytest.mark.parametrize("nested", [False, True])
def test_data_outside_the_folder_is_refused(external, tmp_path, nested):
    location = f"../{tmp_path.name}-weights.bin"
    with pytest.raises(BadInput, match="outside its folder") as caught:
        inspect(external(location, nested=nested))
    assert "in one file" in str(caught.value)


def test_data_behind_a_link_that_leaves_the_folder_is_refused(external, tmp_path):
    (tmp_path / "link.bin").symlink_to(tmp_path.parent / "elsewhere.bin")
    with pytest.raises(BadInput, match="outside its folder"):
        inspect(external("link.bin", absent=True))


def test_missing_data_is_named(external):
    with pytest.raises(BadInput, match=r"weights in gone\.bin, which is missing"):
        inspect(external("gone.bin", absent=True))


def test_open_axes_are_fixed_by_name_by_shape_or_by_resolution(graph):
    path = graph(("batch", 3, "h", "w"))
    pinned = inspect(path, Inputs(pin=("batch=2", "h=8", "w=6")))
    assert (pinned.inputs[0].shape, pinned.pinned) == ((2, 3, 8, 6), True)
    assert inspect(path, Inputs(shape=("x=4x3x5x7",))).inputs[0].shape == (4, 3, 5, 7)
    assert inspect(path, resolution=16).inputs[0].shape == (1, 3, 16, 16)
    assert not inspect(graph(("batch", 3, 8, 8))).pinned


def test_a_file_too_large_for_a_message_is_refused_before_it_is_read(graph, monkeypatch):
    path = graph()
    monkeypatch.setattr(module, "LARGEST", path.stat().st_size)
    with pytest.raises(
        BadInput, match="over 2 GiB, which no runtime reads; save its weights as external data"
    ):
        inspect(path)


def test_files_of_weights_are_known(external):
    path = external("weights.bin")
    assert inspect(path).external == (path.parent / "weights.bin",)
