import sys
import types

import numpy as np
import onnx
import pytest

from exporters.errors import ExportError
from exporters.simplify import simplify


@pytest.fixture
def layer(tiny, weights):
    return tiny(
        "d = Mul(b, b) a = MatMul(x, w) y = Add(a, d)",
        {"x": (2, 4)},
        {"y": (2, 6)},
        {"w": weights(4, 6), "b": weights(6)},
    )


@pytest.mark.parametrize(("gemm", "ops"), [(True, ["Gemm"]), (False, ["MatMul", "Add"])])
def test_constants_are_folded_and_gemm_is_merged_when_asked(layer, gemm, ops):
    assert [node.op_type for node in simplify(layer, gemm=gemm).graph.node] == ops


def test_the_graph_given_stays_as_it_was(layer):
    before = layer.SerializeToString(deterministic=True)
    simplify(layer)
    assert layer.SerializeToString(deterministic=True) == before


def test_nothing_is_printed(layer, capfd):
    simplify(layer)
    assert capfd.readouterr() == ("", "")


def test_a_graph_it_cannot_read_is_one_sentence(monkeypatch, layer):
    def broken(model, **options):
        raise RuntimeError("no way\nwith details")

    monkeypatch.setitem(sys.modules, "onnxsim", types.SimpleNamespace(simplify=broken))
    with pytest.raises(ExportError) as caught:
        simplify(layer)
    assert (
        str(caught.value) == "onnxsim cannot simplify the graph: RuntimeError: no way; nothing was written."
    )


def test_outputs_are_not_its_business(monkeypatch, layer):
    wrong = onnx.ModelProto()
    wrong.CopyFrom(layer)
    wrong.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(np.zeros((4, 6), np.float32), "w"))
    monkeypatch.setitem(
        sys.modules, "onnxsim", types.SimpleNamespace(simplify=lambda model, **options: (wrong, False))
    )
    assert simplify(layer) is wrong
