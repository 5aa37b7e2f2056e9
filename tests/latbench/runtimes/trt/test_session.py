import json
from dataclasses import asdict

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from exporters.parity import ParityLimits, compare
from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.tensorrt import RUNTIME


@pytest.fixture
def prepare(trt, tiny_model, tmp_path):
    """Prepare a session of the tiny model, or of another, with these knobs; closed at the end."""
    opened = []

    def prepare(path=None, **knobs):
        path = path or tiny_model
        mine = tmp_path / path.name
        mine.write_bytes(path.read_bytes())
        options = SessionOptions(device="cuda", threads=1, knobs=knobs)
        opened.append(RUNTIME.prepare(Source("onnx", path=str(mine)), options))
        return opened[-1]

    yield prepare
    for session in opened:
        session.close()


@pytest.fixture
def bound(prepare, tiny_arrays):
    def bound(**knobs):
        session = prepare(**knobs)
        session.bind({"x": tiny_arrays[0]["x"]})
        return session

    return bound


def agrees(session, tiny_arrays):
    return ParityLimits().passes(compare(session.outputs(), tiny_arrays[1]))


RUN = [
    "upload",
    "cudaEventRecord",
    "execute",
    "cudaEventRecord",
    "download",
    "download",
    "cudaStreamSynchronize",
]


def test_a_run_copies_infers_between_events_copies_back_and_waits(bound, cuda_api, tiny_arrays):
    session = bound()
    cuda_api.log.clear()
    session.run()
    assert cuda_api.log == RUN
    assert agrees(session, tiny_arrays)


def test_nothing_is_allocated_or_bound_in_a_run(trt, bound, cuda_api):
    session = bound()
    session.run()
    trt.log.clear()
    cuda_api.log.clear()
    for _ in range(3):
        session.run()
    assert cuda_api.log == RUN * 3
    assert trt.log == ["execute_async_v3"] * 3


def test_device_latency_is_of_the_inference_alone(bound, cuda_api):
    session = bound()
    assert session.device_ns(1) == ()
    for milliseconds in (1.0, 2.0, 3.0):
        cuda_api.work_ms = milliseconds
        session.run()
    assert session.device_ns(2) == (2_000_000, 3_000_000)
    assert session.facts.boundary == "host"
    assert session.facts.extra["copies"] == "inputs and outputs, inside host latency"


def test_a_second_bind_changes_the_inputs_but_not_the_call(bound, tiny_arrays):
    session = bound()
    run = session.run
    run()
    first = session.outputs()
    session.bind({"x": tiny_arrays[0]["x"] * 2 + 1})
    assert session.run is run
    run()
    assert not any(np.array_equal(array, first[name]) for name, array in session.outputs().items())


def test_outputs_are_copies(bound, tiny_arrays):
    session = bound()
    session.run()
    for array in session.outputs().values():
        np.add(array, 1, out=array)
    assert agrees(session, tiny_arrays)


def test_inputs_are_copied_and_cast_to_the_engine(prepare, tiny_arrays):
    session, mine = prepare(), tiny_arrays[0]["x"].astype(np.float64)
    session.bind({"x": mine})
    mine[...] = -7
    session.run()
    assert agrees(session, tiny_arrays)


def test_a_wrong_shape_is_told_with_both(prepare, tiny_arrays):
    with pytest.raises(BadInput, match=r"input 'x' has the shape \(2, 6\), the array given \(3, 6\)"):
        prepare().bind({"x": np.zeros((3, 6), np.float32)})


def test_a_missing_input_is_named(prepare):
    with pytest.raises(BadInput, match=r"'x'.*given are: image"):
        prepare().bind({"image": np.zeros(1)})


def test_run_before_bind_is_an_error(prepare):
    with pytest.raises(RuntimeError, match="run before bind"):
        prepare().run()


def test_the_names_for_profilers_are_off(trt, prepare):
    assert prepare()._context.nvtx_verbosity is trt.ProfilingVerbosity.NONE


def test_an_inference_that_does_not_start_is_an_error(trt, bound, cuda_api):
    session = bound()
    trt.fail["execute_async_v3"] = "Error Code 1: Cask (Cask convolution execution)"
    with pytest.raises(RuntimeError, match=r"did not start the inference: Error Code 1: Cask"):
        session.run()
    trt.fail["execute_async_v3"] = "Cuda Runtime (out of memory)"
    with pytest.raises(MemoryError):
        session.run()


def test_an_inference_that_fails_on_the_device_is_an_error(bound, cuda_api, fakecuda):
    session = bound()
    cuda_api.fail["cudaStreamSynchronize"] = fakecuda.cudaError_t.cudaErrorLaunchFailure
    with pytest.raises(RuntimeError, match="cudaErrorLaunchFailure"):
        session.run()


@pytest.mark.parametrize(
    ("call", "said", "error"),
    [
        ("create_execution_context", "Cuda Runtime (out of memory)", MemoryError("no execution context")),
        ("create_execution_context", "Error Code 4", RuntimeError("no execution context: Error Code 4")),
        ("set_tensor_address", "not aligned", RuntimeError("refuses the address of 'x': not aligned")),
    ],
)
def test_what_fails_while_loading_is_told_and_frees_everything(trt, prepare, call, said, error):
    trt.fail[call] = said
    with pytest.raises(type(error), match=str(error)):
        prepare()


@pytest.mark.parametrize("call", ["create_execution_context", "set_tensor_address"])
def test_a_session_that_cannot_be_made_leaves_nothing_behind(trt, prepare, cuda_api, call):
    trt.fail[call] = None
    with pytest.raises(RuntimeError):
        prepare()
    assert cuda_api.memory == {}
    assert cuda_api.log[-1] == "cudaStreamDestroy"


def test_a_full_gpu_is_a_memory_error(prepare, cuda_api, fakecuda):
    cuda_api.fail["cudaMalloc"] = fakecuda.cudaError_t.cudaErrorMemoryAllocation
    with pytest.raises(MemoryError):
        prepare()


def test_closing_frees_everything(bound, cuda_api):
    session = bound(cuda_graph=True)
    session.run()
    session.close()
    assert cuda_api.memory == {}
    assert cuda_api.log.count("cudaGraphExecDestroy") == 1
    with pytest.raises(RuntimeError, match="run before bind"):
        session.run()


def test_a_graph_is_captured_after_a_plain_run_and_then_launched(bound, cuda_api, tiny_arrays):
    session = bound(cuda_graph=True)
    assert session.facts.extra["cuda_graph"] == "on"
    calls = ("upload", "execute", "download", "cudaStreamSynchronize", "cudaStreamBeginCapture")
    assert [name for name in cuda_api.log if name in (*calls, "cudaStreamEndCapture")] == [
        *("upload", "execute", "download", "download", "cudaStreamSynchronize"),
        *("cudaStreamBeginCapture", "execute", "cudaStreamEndCapture"),
    ]
    cuda_api.log.clear()
    session.run()
    assert cuda_api.log == ["cudaGraphLaunch" if name == "execute" else name for name in RUN]
    assert agrees(session, tiny_arrays)
    assert session.device_ns(1) == (250_000,)


def test_a_graph_takes_inputs_bound_later(bound, tiny_arrays):
    session = bound(cuda_graph=True)
    session.run()
    first = session.outputs()
    session.bind({"x": tiny_arrays[0]["x"] * 2 + 1})
    session.run()
    assert not np.array_equal(session.outputs()["y"], first["y"])


@pytest.mark.parametrize("call", ["cudaStreamBeginCapture", "cudaStreamEndCapture", "cudaGraphInstantiate"])
def test_a_graph_that_cannot_be_captured_falls_back_and_says_so(bound, cuda_api, fakecuda, tiny_arrays, call):
    cuda_api.fail[call] = fakecuda.cudaError_t.cudaErrorStreamCaptureInvalidated
    session = bound(cuda_graph=True)
    told = session.facts.extra["cuda_graph"]
    assert told.startswith("fell back: ")
    assert "cudaErrorStreamCaptureInvalidated" in told
    cuda_api.log.clear()
    session.run()
    assert cuda_api.log == RUN
    assert agrees(session, tiny_arrays)


def test_a_capture_that_the_library_refuses_tells_its_words(trt, bound, tiny_arrays, monkeypatch):
    context = trt.IExecutionContext
    plain = context.execute_async_v3
    runs = []

    def execute(self, stream_handle):
        runs.append(stream_handle)
        if len(runs) == 2:  # the one that is captured
            trt.fail["execute_async_v3"] = "operation not permitted when stream is capturing"
        done = plain(self, stream_handle)
        trt.fail.clear()
        return done

    monkeypatch.setattr(context, "execute_async_v3", execute)
    session = bound(cuda_graph=True)
    assert session.facts.extra["cuda_graph"].endswith("(operation not permitted when stream is capturing)")
    session.run()
    assert agrees(session, tiny_arrays)


def test_a_first_run_that_fails_is_no_fallback(trt, prepare, tiny_arrays, cuda_api, fakecuda):
    session = prepare(cuda_graph=True)
    cuda_api.fail["cudaStreamSynchronize"] = fakecuda.cudaError_t.cudaErrorLaunchFailure
    with pytest.raises(RuntimeError, match="cudaErrorLaunchFailure"):
        session.bind({"x": tiny_arrays[0]["x"]})


def test_without_a_graph_the_facts_say_off(bound):
    assert bound().facts.extra["cuda_graph"] == "off"


def test_facts_are_plain_json(bound):
    facts = bound(cuda_graph=True).facts
    assert json.loads(json.dumps(asdict(facts))) == asdict(facts)


CASTS = {
    "bf16": (TensorProto.BFLOAT16, np.float32),
    "int64": (TensorProto.INT64, np.int64),
    "int32": (TensorProto.INT32, np.int32),
    "bool": (TensorProto.BOOL, np.bool_),
    "fp16": (TensorProto.FLOAT16, np.float16),
}


@pytest.mark.parametrize("kind", CASTS)
def test_inputs_and_outputs_of_other_types(prepare, tmp_path, kind):
    number, dtype = CASTS[kind]
    given, taken = [
        helper.make_tensor_value_info(name, one, [2, 3])
        for name, one in (("x", number), ("y", TensorProto.FLOAT))
    ]
    back = helper.make_tensor_value_info("z", number, [2, 3])
    nodes = [
        helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT),
        helper.make_node("Identity", ["x"], ["z"]),
    ]
    graph = helper.make_graph(nodes, "casts", [given], [taken, back])
    path = tmp_path / "casts.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    x = np.array([[0, 1, 2.5], [-3, 1e-3, 300]]).astype(dtype)
    expected = x.astype(ml_dtypes.bfloat16).astype(np.float32) if kind == "bf16" else x
    session = prepare(path)
    session.bind({"x": x})
    session.run()
    outputs = session.outputs()
    assert outputs["z"].dtype == dtype
    assert np.array_equal(outputs["z"], expected)
    assert np.array_equal(outputs["y"], expected.astype(np.float32))


def test_an_output_whose_shape_depends_on_the_data_is_refused(prepare, tmp_path):
    node = helper.make_node("NonZero", ["x"], ["y"])
    ports = (("x", TensorProto.FLOAT, [2, 3]), ("y", TensorProto.INT64, [2, "n"]))
    given, taken = (helper.make_tensor_value_info(*port) for port in ports)
    onnx.save(helper.make_model(helper.make_graph([node], "g", [given], [taken])), tmp_path / "open.onnx")
    with pytest.raises(BadInput, match=r"shape of 'y' depends on the data, \(2, -1\)"):
        prepare(tmp_path / "open.onnx")


def test_a_type_without_an_array_is_refused(trt, prepare, monkeypatch):
    monkeypatch.setattr(trt.ICudaEngine, "get_tensor_dtype", lambda self, name: trt.DataType.FP8)
    with pytest.raises(BadInput, match=r"cannot bind 'x', whose type is DataType\.FP8"):
        prepare()
