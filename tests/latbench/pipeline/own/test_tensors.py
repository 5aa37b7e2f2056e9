"""One's own models of every kind, through a whole run on three runtimes; and what makes them ready for it."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from exporters.errors import InputError
from latbench.errors import BadInput
from latbench.pipeline.options import RunOptions
from latbench.pipeline.own.inputs import NONE, Inputs
from latbench.pipeline.own.tensors import built_of, tensors
from latbench.pipeline.run import run

SOURCE = """
import torch
from torch import nn

class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.image, self.vector = nn.Conv2d(3, 4, 3), nn.Linear(5, 4)
    def forward(self, image, vector):
        found = self.image(image).mean((2, 3)) + self.vector(vector)
        return found, found.argmax(1)

def two():
    return Two(), (torch.randn(2, 3, 8, 8), torch.randn(2, 5))

class Words(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.table = nn.Embedding(50, 8)
        self.layers = nn.Sequential(*(nn.Linear(8, 8) for _ in range(depth)))
    def forward(self, *, ids, mask):
        rows = self.layers(self.table(ids)) * mask.unsqueeze(-1)
        return {"rows": rows, "pooled": (rows.mean(1),)}

def words(depth=1):
    ids, mask = torch.randint(0, 50, (2, 7)), torch.ones(2, 7, dtype=torch.int64)
    return Words(depth), {"ids": ids, "mask": mask}
"""


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 4)

    def forward(self, x, scale):
        return self.linear(x) * scale, x.sum(1)


def program(folder):
    batch = torch.export.Dim("batch", min=2, max=9)
    shapes = {"x": {0: batch}, "scale": None}
    path = folder / "scaled.pt2"
    inputs = (torch.randn(4, 3), torch.ones(1))
    torch.export.save(torch.export.export(Scaled().eval(), inputs, dynamic_shapes=shapes), path)
    return str(path)


def file(folder):
    weight = numpy_helper.from_array(np.arange(100, dtype=np.float32).reshape(50, 2), "w")
    given = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ("batch", "length")),
        helper.make_tensor_value_info("scale", TensorProto.FLOAT, ("batch", "length", 1)),
    ]
    made = [
        helper.make_tensor_value_info("rows", TensorProto.FLOAT, ("batch", "length", 2)),
        helper.make_tensor_value_info("best", TensorProto.INT64, ("batch", "length", 1)),
    ]
    nodes = [
        helper.make_node("Gather", ["w", "ids"], ["found"]),
        helper.make_node("Mul", ["found", "scale"], ["rows"]),
        helper.make_node("ArgMax", ["rows"], ["best"], axis=2),
    ]
    path = folder / "rows.onnx"
    built = helper.make_graph(nodes, "g", given, made, [weight])
    onnx.save(helper.make_model(built, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)
    return str(path)


def factory(name):
    def write(folder):
        (folder / "own.py").write_text(SOURCE)
        return f"{folder / 'own.py'}:{name}"

    return write


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "asked", "shapes"),
    [
        pytest.param(factory("two"), NONE, "2x3x8x8;2x5", id="two inputs, two outputs"),
        pytest.param(factory("words(depth=2)"), NONE, "2x7;2x7", id="ids and mask by keyword"),
        pytest.param(program, Inputs(shape=("x=3x3",)), "3x3;1", id="saved program"),
        pytest.param(
            file, Inputs(pin=("batch=2", "length=5"), values=("ids=0:50",)), "2x5;2x5x1", id="onnx file"
        ),
    ],
)
def test_it_runs_everywhere_and_agrees(make, asked, shapes, tmp_path):
    small = {"iterations": 2, "launches": 1, "warmup": 0, "threads": 1}
    name = make(tmp_path)
    rows = run(RunOptions(names=(name,), inputs=asked, output=tmp_path / "results", **small)).rows
    found = {row["runtime"]: row for row in rows}
    skipped = {"pytorch"} if name.endswith(".onnx") else set()
    assert {runtime for runtime, row in found.items() if row["status"] == "skipped"} == skipped
    for runtime in {"onnxruntime", "openvino", "pytorch"} - skipped:
        row = found[runtime]
        assert (row["status"], row["reason"], row["input_shape"]) == ("ok", None, shapes)
        assert row["parity_max_rel"] <= 1e-5
        assert row["latency_ms"] > 0


class Echo(nn.Module):
    def forward(self, x):
        return {"x": x + 1}


def test_an_input_and_an_output_of_one_name_stay_apart():
    built = built_of(Echo(), {"x": torch.ones(2)}, "m", "a:b", {"k": 1})
    assert (built.input_names, built.output_names) == (("x_in",), ("x",))
    assert dict(built.kwargs) == {"k": 1, "keywords": ["x"], "plain": False}
    assert built.module(*built.inputs)[0].tolist() == [2, 2]


def test_a_module_of_tensors_stays_as_it_is():
    module = nn.Linear(2, 2).eval()
    built = built_of(module, (torch.ones(1, 2),), "m", "a:b", {})
    assert built.module is module
    assert (built.input_names, built.output_names, dict(built.kwargs)) == (None, None, {})


class Greedy(nn.Module):
    def forward(self, x):
        return x.mul_(2)


def test_what_a_module_writes_into_its_input_does_not_stay():
    given = torch.ones(2)
    built_of(Greedy(), (given,), "m", "a:b", {})
    assert given.tolist() == [1, 1]


class Narrow(nn.Module):
    def forward(self, x):
        return x.bfloat16()


def test_what_cannot_run_or_be_kept_is_named():
    with pytest.raises(InputError, match=r"m cannot run on its example input \(3, 3\): RuntimeError"):
        built_of(nn.Linear(2, 2), (torch.ones(3, 3),), "m", "a:b", {})
    with pytest.raises(BadInput, match="m returns bfloat16 as output, which no reference file holds"):
        built_of(Narrow(), (torch.ones(3),), "m", "a:b", {})


def test_arrays_become_tensors_by_name_or_in_order():
    arrays = {"b": np.ones(2), "a": np.zeros(3, np.int64)}
    assert list(tensors(arrays, named=True)) == ["b", "a"]
    first, second = tensors(arrays, named=False)
    assert (str(first.dtype), second.tolist()) == ("torch.float64", [0, 0, 0])
