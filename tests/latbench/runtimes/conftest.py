import importlib.util
from pathlib import Path

import numpy as np
import pytest

FAKE_CUDA = Path(__file__).with_name("fakecuda.py")


@pytest.fixture(scope="session")
def fakecuda():
    """The module `fakecuda.py`: `FakeCuda`, its `cudaError_t`, and `array_at`."""
    found = importlib.util.spec_from_file_location("fakecuda", FAKE_CUDA)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def cuda_api(fakecuda):
    """A stand-in for the CUDA runtime's bindings with one GPU, which writes down every call."""
    return fakecuda.FakeCuda()


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
