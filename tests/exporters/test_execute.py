import numpy as np
import onnx
import pytest

from exporters.execute import execute


def test_outputs_come_by_name_from_bytes_and_from_a_file(tiny, tmp_path):
    model = tiny(
        "a = Add(x, c) y = Relu(a)", {"x": (1, 2)}, {"y": (1, 2), "a": (1, 2)}, {"c": np.float32(-1)}
    )
    path = tmp_path / "tiny.onnx"
    onnx.save(model, path)
    x = np.array([[0.5, 3.0]], np.float32)
    for given in (model.SerializeToString(), str(path)):
        outputs = execute(given, {"x": x})
        assert {name: value.tolist() for name, value in outputs.items()} == {
            "y": [[0.0, 2.0]],
            "a": [[-0.5, 2.0]],
        }


def test_a_graph_that_cannot_run_raises(tiny):
    model = tiny("y = Relu(x)", {"x": (1, 2)}, {"y": (1, 2)})
    with pytest.raises(Exception, match=r"(?i)dimension"):
        execute(model.SerializeToString(), {"x": np.zeros((3, 2), np.float32)})
