import numpy as np
import pytest

from exporters.parity import ParityLimits, compare
from latbench import runtimes
from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.onnxruntime import session_options


@pytest.fixture
def prepare():
    runtime = runtimes.get("onnxruntime")
    return lambda path, **options: runtime.prepare(
        Source("onnx", path=str(path)), SessionOptions(**{"threads": 1, **options})
    )


def addresses(session):
    return [value.data_ptr() for value in session._binding.get_outputs()]


def test_output_buffers_are_reused(prepare, tiny_model, tiny_arrays):
    session = prepare(tiny_model)
    session.bind({"x": tiny_arrays[0]["x"]})
    session.run()
    before = addresses(session)
    session.bind({"x": tiny_arrays[0]["x"] * 2})
    session.run()
    assert addresses(session) == before


def test_external_data_loads(prepare, external_model, tiny_arrays):
    given, expected = tiny_arrays
    session = prepare(external_model)
    session.bind({"x": given["x"]})
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), expected))
    assert session.facts.precision == "fp32"


def test_outputs_of_dynamic_shape_are_left_to_the_runtime(prepare, tiny_proto, tiny_arrays, tmp_path):
    import onnx

    model = onnx.ModelProto.FromString(tiny_proto.SerializeToString())
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    onnx.save(model, tmp_path / "dynamic.onnx")
    given, expected = tiny_arrays
    session = prepare(tmp_path / "dynamic.onnx")
    session.bind({"x": given["x"]})
    session.run()
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), expected))


def test_inputs_are_cast_to_the_graph(prepare, tiny_model, tiny_arrays):
    given, expected = tiny_arrays
    session = prepare(tiny_model)
    session.bind({"x": given["x"].astype(np.float64)})
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), expected))


def test_a_missing_input_is_named(prepare, tiny_model):
    with pytest.raises(BadInput, match=r"'x'.*given are: image"):
        prepare(tiny_model).bind({"image": np.zeros(1)})


@pytest.mark.parametrize("spinning", [None, True, False])
def test_spinning_is_read_back(prepare, tiny_model, spinning):
    assert prepare(tiny_model, spinning=spinning).facts.spinning is spinning


def test_a_corrupt_file_keeps_the_runtimes_message(prepare, tmp_path):
    (tmp_path / "corrupt.onnx").write_bytes(b"not a model")
    with pytest.raises(Exception, match=r"corrupt\.onnx"):
        prepare(tmp_path / "corrupt.onnx")


def test_off_the_cpu_no_node_may_fall_back():
    key = "session.disable_cpu_ep_fallback"
    assert session_options(SessionOptions(device="cuda")).get_session_config_entry(key) == "1"
    with pytest.raises(RuntimeError, match="does not have"):
        session_options(SessionOptions()).get_session_config_entry(key)
