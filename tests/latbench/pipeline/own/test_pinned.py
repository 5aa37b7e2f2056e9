import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from latbench.errors import BadInput
from latbench.pipeline.own import pinned as module
from latbench.pipeline.own.inputs import Inputs
from latbench.pipeline.own.onnxfile import inspect
from latbench.pipeline.own.pinned import pin
from latbench.pipeline.prepare import reference


def saved(folder, sizes=("batch", "length"), beside=64):
    """Save a sum of table rows and the places that are not 0, tensors of so many Python bytes beside it."""
    weight = numpy_helper.from_array(np.arange(10, dtype=np.float32).reshape(5, 2), "w")
    given = [helper.make_tensor_value_info("ids", TensorProto.INT64, sizes)]
    made = [
        helper.make_tensor_value_info("sum", TensorProto.FLOAT, (sizes[0], 2)),
        helper.make_tensor_value_info("places", TensorProto.INT64, (2, "found")),
    ]
    nodes = [
        helper.make_node("Gather", ["w", "ids"], ["rows"]),
        helper.make_node("ReduceSum", ["rows", "axis"], ["sum"], keepdims=0),
        helper.make_node("NonZero", ["ids"], ["places"]),
    ]
    axis = numpy_helper.from_array(np.array([1]), "axis")
    built = helper.make_graph(nodes, "g", given, made, [weight, axis])
    path = folder / "dynamic.onnx"
    model = helper.make_model(built, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.save(model, path, save_as_external_data=True, location="dynamic.bin", size_threshold=beside)
    return path


@pytest.fixture(params=[64, 0], ids=["weights", "axes_too"])
def dynamic(request, tmp_path):
    """A file with an open batch and length, and weights, or also the axes of a sum, in a file beside it."""
    return saved(tmp_path, beside=request.param)


def shape(value):
    return [axis.dim_value for axis in value.type.tensor_type.shape.dim]


def test_a_copy_has_every_shape_fixed_and_its_weights_inside(dynamic, tmp_path):
    asked = Inputs(pin=("batch=3", "length=4"), values=("0:5",))
    made = reference(str(dynamic), str(tmp_path / "out"), asked.to_json())
    assert made["input_shape"] == "3x4"
    path = tmp_path / "out" / made["artifact_path"].rpartition("/")[2]
    dynamic.with_suffix(".bin").unlink()
    model = onnx.load(path)
    with np.load(made["reference"]) as arrays:
        expected = {name.removeprefix("output:"): array for name, array in arrays.items()}
        given = arrays["input:ids"]
    assert given.max() > 1
    assert [shape(value) for value in model.graph.output] == [[3, 2], list(expected["places"].shape)]
    from exporters.execute import execute

    outputs = execute(str(path), {"ids": given})
    assert all(np.array_equal(outputs[name], expected[name]) for name in outputs)


def test_axes_kept_beside_a_file_are_moved_into_a_copy_and_run(tmp_path):
    path = saved(tmp_path, (3, 4), beside=0)
    made = reference(str(path), str(tmp_path / "out"))
    assert made["artifact_path"] != str(path)
    path.with_suffix(".bin").unlink()
    from exporters.execute import execute

    with np.load(made["reference"]) as arrays:
        outputs = execute(made["artifact_path"], {"ids": arrays["input:ids"]})
        assert all(np.array_equal(outputs[name], arrays[f"output:{name}"]) for name in outputs)


def test_weights_that_onnx_runtime_reads_stay_beside_the_file(tmp_path):
    path = saved(tmp_path, (3, 4))
    made = reference(str(path), str(tmp_path / "out"))
    assert made["artifact_path"] == str(path)
    assert made["artifact_bytes"] == path.stat().st_size + path.with_suffix(".bin").stat().st_size


def test_weights_kept_beside_a_file_are_in_its_hash(dynamic, tmp_path):
    first = reference(str(dynamic), str(tmp_path / "out"), Inputs(shape=("1x4",)).to_json())
    bin = dynamic.with_suffix(".bin")
    data = bytearray(bin.read_bytes())
    data[4] ^= 1
    bin.write_bytes(bytes(data))
    second = reference(str(dynamic), str(tmp_path / "out"), Inputs(shape=("1x4",)).to_json())
    assert first["artifact_sha256"] != second["artifact_sha256"]


def test_a_file_too_large_for_a_copy_is_refused(dynamic, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 8)
    known = inspect(dynamic, Inputs(shape=("1x4",)))
    with pytest.raises(BadInput, match="a copy with fixed shapes must be below 2 GiB; export it with fixed"):
        pin(dynamic, known, {}, tmp_path, "0" * 64)
