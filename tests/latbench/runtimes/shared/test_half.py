import importlib.util
import sys

import onnx
import pytest

from exporters.precision import Unconvertible
from latbench.errors import BadInput, EnvironmentFault
from latbench.runtimes.shared import derived, half


@pytest.mark.parametrize(("precision", "weights"), [("fp16", 10), ("bf16", 16)])
def test_the_weights_are_converted_and_the_ports_stay(tiny_model, precision, weights):
    graph = onnx.ModelProto.FromString(half.converted(tiny_model, precision)).graph
    assert {tensor.data_type for tensor in graph.initializer} == {weights}
    assert {one.type.tensor_type.elem_type for one in (*graph.input, *graph.output)} == {1}


@pytest.mark.parametrize("module", ["onnx", "onnx_ir"])
def test_a_package_that_is_missing_has_its_mend(tiny_model, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EnvironmentFault, match=r"fp16 .* needs onnx and onnx_ir; pip install"):
        half.converted(tiny_model, "fp16")


@pytest.mark.parametrize("missing", [None, "onnx", "onnx_ir"])
def test_it_is_possible_where_both_are_here(monkeypatch, missing):
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else found(name))
    assert half.possible() is (missing is None)


def test_a_graph_that_cannot_be_converted_is_named(tiny_model, monkeypatch):
    def refuse(model, precision):
        raise Unconvertible("it has a loop")

    monkeypatch.setattr("exporters.precision.convert", refuse)
    with pytest.raises(BadInput, match=r"tiny\.onnx cannot be converted to fp16: it has a loop"):
        half.converted(tiny_model, "fp16")


def test_the_graph_helpers_that_the_conversion_uses_belong_to_its_maker(monkeypatch):
    before, found = half.maker(), derived._file
    moved = {"exporters.graph": "exporters.errors"}
    monkeypatch.setattr(derived, "_file", lambda module: found(moved.get(module, module)))
    assert half.maker()["code"] != before["code"]


def test_the_versions_of_the_packages_belong_to_the_maker(monkeypatch):
    assert half.maker()["onnx"] == onnx.__version__
    before = half.maker()
    monkeypatch.setattr(half, "version", lambda name: "0.1")
    assert half.maker() != before
