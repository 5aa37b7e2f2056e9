import json
from dataclasses import asdict

import numpy as np
import pytest

from exporters.parity import ParityLimits, compare
from latbench import runtimes
from latbench.errors import BadInput
from latbench.runtimes.base import Availability, SessionOptions, Source
from latbench.runtimes.openvino import RUNTIME, properties


@pytest.fixture
def prepare():
    runtime = runtimes.get("openvino")
    return lambda path, **options: runtime.prepare(
        Source("onnx", path=str(path)), SessionOptions(**{"threads": 1, **options})
    )


def addresses(session):
    return [session._request.get_output_tensor(index).data.ctypes.data for index in range(2)]


def test_output_buffers_are_reused(prepare, tiny_model, tiny_arrays):
    session = prepare(tiny_model)
    session.bind({"x": tiny_arrays[0]["x"]})
    before = addresses(session)
    session.run()
    session.bind({"x": tiny_arrays[0]["x"] * 2})
    session.run()
    assert addresses(session) == before


def test_external_data_loads(prepare, external_model, tiny_arrays):
    given, expected = tiny_arrays
    session = prepare(external_model)
    session.bind({"x": given["x"]})
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), expected))


def test_compilation_is_timed_apart(prepare, tiny_model):
    assert prepare(tiny_model).compile_ns > 0


def test_latency_settings_are_read_back(prepare, tiny_model):
    extra = prepare(tiny_model).facts.extra
    assert (extra["NUM_STREAMS"], extra["PERFORMANCE_HINT"]) == (1, "LATENCY")
    assert "ENABLE_CPU_PINNING" in extra


def test_precision_is_set_for_what_was_asked():
    assert properties(SessionOptions(precision="fp32"))["INFERENCE_PRECISION_HINT"] == "f32"
    assert properties(SessionOptions(precision="bf16"))["INFERENCE_PRECISION_HINT"] == "bf16"
    with pytest.raises(BadInput, match=r"'fp12'.*fp32, fp16, bf16"):
        properties(SessionOptions(precision="fp12"))


def test_a_missing_input_is_named(prepare, tiny_model):
    with pytest.raises(BadInput, match=r"'x'.*given are: image"):
        prepare(tiny_model).bind({"image": np.zeros(1)})


def test_a_corrupt_file_keeps_the_runtimes_message(prepare, tmp_path):
    (tmp_path / "corrupt.onnx").write_bytes(b"not a model")
    with pytest.raises(RuntimeError, match="Unable to read the model"):
        prepare(tmp_path / "corrupt.onnx")


def test_the_plug_in_tells_the_precisions_it_has_units_for():
    assert "fp32" in RUNTIME.check().precisions


def test_what_json_brings_back_is_the_same_availability():
    found = RUNTIME.check()
    assert Availability(**json.loads(json.dumps(asdict(found)))) == found
