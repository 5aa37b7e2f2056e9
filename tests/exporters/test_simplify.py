import sys
import types

import numpy as np
import onnx
import pytest

from exporters.errors import ExportError
from exporters.simplify import has_constant_nodes, simplify


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


@pytest.fixture
def folded(monkeypatch):
    """Return a list that gets, for each time onnxsim runs, whether it folded."""
    import onnxsim

    real, taken = onnxsim.simplify, []

    def spy(model, **options):
        taken.append(not options.get("skip_constant_folding", False))
        return real(model, **options)

    monkeypatch.setattr(onnxsim, "simplify", spy)
    return taken


def test_only_what_can_be_folded_is(layer, tiny, folded):
    once = simplify(layer)
    again = simplify(once)
    assert folded == [True, False]
    assert again.graph.node == once.graph.node
    assert again.graph.initializer == once.graph.initializer
    measured = tiny("n = Shape(x) y = Reshape(x, n)", {"x": (2, 4)}, {"y": (2, 4)})
    assert len(simplify(measured).graph.node) < 2
    assert folded[2:] == [True]


def test_what_the_optimizer_leaves_constant_is_folded_after_it(monkeypatch, tiny, layer):
    plain = tiny("y = Neg(x)", {"x": (2, 4)}, {"y": (2, 4)})
    asked = []

    def optimizer(model, **options):
        asked.append(options.get("skip_constant_folding", False))
        return (layer if len(asked) == 1 else plain), True

    monkeypatch.setitem(sys.modules, "onnxsim", types.SimpleNamespace(simplify=optimizer))
    assert simplify(plain) is plain
    assert asked == [True, False]


def test_a_graph_inside_a_node_may_hold_constants(tiny):
    inside = tiny("d = Mul(b, b) z = Add(a, d)", {"a": (2,)}, {"z": (2,)}, {"b": np.ones(2, np.float32)})
    model = tiny("y = Neg(x)", {"x": (2, 4)}, {"y": (2, 4)})
    assert not has_constant_nodes(model)
    model.graph.node[0].attribute.append(onnx.helper.make_attribute("body", inside.graph))
    assert has_constant_nodes(model)


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
