"""Tiny graphs written as text, and modules small enough to export in half a second."""

import importlib
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper, parser, shape_inference

import exporters
from exporters.capture import capture
from exporters.execute import execute
from exporters.parity import compare
from exporters.passes import passes

CLOSE = 1e-5
OPSET = 20


@dataclass(frozen=True)
class Rewritten:
    """A graph after a pass, and how many places the pass changed."""

    count: int
    model: onnx.ModelProto

    @property
    def ops(self):
        return dict(sorted(Counter(node.op_type for node in self.model.graph.node).items()))

    def constant(self, name):
        return next(numpy_helper.to_array(item) for item in self.model.graph.initializer if item.name == name)

    def nodes(self, op_type):
        return [node for node in self.model.graph.node if node.op_type == op_type]


def _shaped(values):
    return ", ".join(
        f"float[{','.join(map(str, shape))}] {name}" if shape else f"float {name}"
        for name, shape in values.items()
    )


def _tiny(body, inputs, outputs, constants=None):
    """Return a checked model of `body` (ONNX text); `inputs` and `outputs` map names to shapes."""
    graph = parser.parse_graph(f"tiny ({_shaped(inputs)}) => ({_shaped(outputs)}) {{ {body} }}")
    for name, array in (constants or {}).items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)])
    model.ir_version = 10
    model = shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model


def _random_inputs(model, seed=0):
    """Return random inputs of a graph by name: standard normal, or 0 and 1 where they are not fp32."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for value in model.graph.input:
        kind = value.type.tensor_type
        shape = [size.dim_value for size in kind.shape.dim]
        as_type = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
        values = rng.standard_normal(shape) if as_type == np.float32 else rng.integers(0, 2, shape)
        drawn[value.name] = values.astype(as_type)
    return drawn


def _rewritten(model, name, seed=0):
    """Return `model` after the pass `name`, whose outputs on random inputs are the same to rounding."""
    import onnx_ir as ir

    fed = _random_inputs(model, seed)
    graph = ir.from_proto(model)
    count = passes()[name].apply(graph)
    after = ir.to_proto(graph)
    onnx.checker.check_model(after, full_check=True)
    before, now = (execute(each.SerializeToString(), fed) for each in (model, after))
    assert list(now) == list(before)
    assert compare(now, before).max_rel <= CLOSE
    again = ir.from_proto(after)
    assert passes()[name].apply(again) == 0, f"{name} finds more to do in what it left behind"
    return Rewritten(count, after)


def _weights(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.fixture(scope="session")
def tiny():
    return _tiny


@pytest.fixture(scope="session")
def random_inputs():
    return _random_inputs


@pytest.fixture(scope="session")
def rewritten():
    return _rewritten


@pytest.fixture(scope="session")
def weights():
    return _weights


class Small(torch.nn.Module):
    """What `function` makes of a 4 -> 4 linear layer and the inputs."""

    def __init__(self, function):
        super().__init__()
        self.linear = torch.nn.Linear(4, 4)
        self.function = function
        with torch.no_grad():
            for seed, parameter in enumerate(self.parameters()):
                parameter.copy_(torch.from_numpy(_weights(*parameter.shape, seed=seed)))

    def forward(self, *inputs):
        return self.function(self.linear, *inputs)


class Upsampled(torch.nn.Module):
    """A parameter resized when the module runs, as position embeddings are."""

    def __init__(self, stored, size):
        super().__init__()
        self.param = torch.nn.Parameter(torch.from_numpy(_weights(1, 3, stored, stored)))
        self.size = size

    def forward(self, x):
        resized = torch.nn.functional.interpolate(
            self.param, size=(self.size, self.size), mode="bilinear", align_corners=False
        )
        return x + resized


@pytest.fixture(scope="session")
def small():
    return Small


@pytest.fixture(scope="session")
def upsampled():
    return Upsampled


@pytest.fixture(scope="session")
def pair():
    """Return an example input (2, 4) for `small`."""
    return torch.from_numpy(_weights(2, 4, seed=9))


@pytest.fixture(scope="session")
def made(tmp_path_factory, small, pair):
    """Return an artifact of a linear layer, to be read and never changed."""
    output = tmp_path_factory.mktemp("made")
    return exporters.export(
        small(lambda linear, x: linear(x)),
        (pair,),
        name="small",
        output=output,
        provenance={"model": "small", "seed": "0"},
    )


@pytest.fixture
def untouched(tmp_path, made):
    """What an earlier export left in the folder is still there after the test, and nothing else is."""
    earlier = tmp_path / "small.onnx"
    earlier.write_bytes(made.path.read_bytes())
    yield
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(earlier, made.path.read_bytes())]


@pytest.fixture
def export(tmp_path):
    """Return a function that exports a module of one's own."""
    return lambda module, *inputs, **options: exporters.export(
        module, inputs, **{"name": "small", "output": tmp_path, **options}
    )


@pytest.fixture(scope="session")
def linear(small):
    return small(lambda linear, x: linear(x))


@pytest.fixture(scope="session")
def captured(linear, pair):
    return capture(linear, (pair,), OPSET)


@pytest.fixture
def recaptured(monkeypatch, captured):
    """Let every capture be that of `linear`, for tests of what comes after it."""
    fresh = replace(captured, admitted={})
    monkeypatch.setattr(importlib.import_module("exporters.export"), "capture", lambda *_, **__: fresh)
