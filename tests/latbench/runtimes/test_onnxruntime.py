import numpy as np
import pytest

from exporters.parity import ParityLimits, compare
from latbench import runtimes
from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions, Source


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


def test_on_the_cpu_it_offers_fp32_alone(prepare, tiny_model):
    assert runtimes.get("onnxruntime").check().precisions == ("fp32",)
    with pytest.raises(BadInput, match="fp16 on --device cuda only"):
        prepare(tiny_model, precision="fp16")


def test_the_cpu_has_no_device_latency_and_wants_no_variables(prepare, tiny_model):
    assert prepare(tiny_model).device_ns is None
    assert runtimes.get("onnxruntime").environment(SessionOptions(spinning=False)) == {}


def test_every_option_of_its_own_is_for_the_gpu():
    knobs = runtimes.get("onnxruntime").knobs
    assert {knob.devices for knob in knobs.values()} == {frozenset({"cuda"})}


def test_the_gpu_is_asked_of_the_cuda_provider(fake_ort, tiny_model, tiny_arrays):
    fake_ort.on_cuda = [("Gemm", "g")]
    session = runtimes.get("onnxruntime").prepare(
        Source("onnx", path=str(tiny_model)), SessionOptions(device="cuda", threads=1)
    )
    session.bind({"x": tiny_arrays[0]["x"]})
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), tiny_arrays[1]))
    assert (session.facts.provider, session.facts.device) == ("CUDAExecutionProvider", "cuda")
    assert runtimes.get("onnxruntime").environment(SessionOptions(device="cuda")) == {
        "NVIDIA_TF32_OVERRIDE": "0"
    }


def test_check_of_the_gpu_tells_what_lacks_here(monkeypatch):
    from latbench.runtimes.ort import providers

    monkeypatch.setattr(providers, "builds", lambda: {"onnxruntime": "1.31.1"})
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    found = runtimes.get("onnxruntime").check("cuda")
    assert not found.available
    assert "onnxruntime 1.31.1 is installed, which is the build without CUDA" in found.reason
    assert "pip uninstall -y onnxruntime" in found.mend


@pytest.mark.gpu
@pytest.mark.parametrize("cuda_graph", [False, True])
def test_a_real_gpu_agrees_and_tells_its_latency(prepare, tiny_model, tiny_arrays, cuda_graph):
    if not runtimes.get("onnxruntime").check("cuda").available:
        pytest.skip(runtimes.get("onnxruntime").check("cuda").reason)
    session = prepare(tiny_model, device="cuda", knobs={"cuda_graph": cuda_graph})
    session.bind({"x": tiny_arrays[0]["x"]})
    for _ in range(5):
        session.run()
    assert ParityLimits().passes(compare(session.outputs(), tiny_arrays[1]))
    session.bind({"x": tiny_arrays[0]["x"] * 0})
    session.run()
    assert not ParityLimits().passes(compare(session.outputs(), tiny_arrays[1]))
    assert len(session.device_ns(4)) == 4
    assert min(session.device_ns(4)) > 0
    assert session.facts.device == "cuda"
    session.close()
