import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from latbench.runtimes.shared import cuda


def beside(name):
    """Load the file `name`.py of this folder, which holds no tests."""
    found = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def fakecuda():
    """The module `fakecuda.py`: `FakeCuda`, its `cudaError_t`, and `array_at`."""
    return beside("fakecuda")


@pytest.fixture
def cuda_api(fakecuda):
    """A stand-in for the CUDA runtime's bindings with one GPU, which writes down every call."""
    return fakecuda.FakeCuda()


@pytest.fixture
def fake_ort(cuda_api, fakecuda, tiny_arrays, monkeypatch):
    """A stand-in for `onnxruntime` with a GPU, imported in its place, and `cuda_api` in place of CUDA."""
    fake = beside("fakeort").FakeOrt(cuda_api, fakecuda.array_at, tiny_arrays[0])
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    monkeypatch.setattr(cuda, "bindings", lambda: cuda_api)
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    return fake


@pytest.fixture(scope="session")
def faketrt():
    """The module `faketrt.py`: `module`, which makes a stand-in for TensorRT, and what it is made of."""
    return beside("faketrt")


@pytest.fixture(params=[10, 11], ids=lambda major: f"tensorrt-{major}")
def trt(request, faketrt, cuda_api, monkeypatch):
    """A stand-in for TensorRT 10 or 11, which computes on `cuda_api`; both are what our code imports."""
    module = faketrt.module(request.param, cuda_api)
    monkeypatch.setitem(sys.modules, "tensorrt", module)
    monkeypatch.setattr(cuda, "bindings", lambda: cuda_api)
    return module


@pytest.fixture(scope="session")
def tiny_arrays() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Inputs and expected outputs of `tiny_model`: y = relu(x w + b), z = y + y."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 6), (6, 5), (5,)))
    y = np.maximum(x @ w + b, 0)
    return {"x": x, "w": w, "b": b}, {"y": y, "z": y + y}


@pytest.fixture(scope="session")
def tiny_proto(tiny_arrays):
    from onnx import TensorProto, helper, numpy_helper

    given, expected = tiny_arrays
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"]),
        helper.make_node("Relu", ["h"], ["y"]),
        helper.make_node("Add", ["y", "y"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, given["x"].shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape)
            for name, array in expected.items()
        ],
        [numpy_helper.from_array(given[name], name) for name in "wb"],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.fixture(scope="session")
def tiny_model(tiny_proto, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import onnx

    path = tmp_path_factory.mktemp("tiny") / "tiny.onnx"
    onnx.save(tiny_proto, path)
    return path


@pytest.fixture(scope="session")
def external_model(tiny_proto, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import onnx

    path = tmp_path_factory.mktemp("external") / "tiny.onnx"
    copy = onnx.ModelProto.FromString(tiny_proto.SerializeToString())
    onnx.save(copy, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (path.parent / "weights.bin").stat().st_size > 0
    return path
