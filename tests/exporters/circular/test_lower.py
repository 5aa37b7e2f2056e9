import onnx
import onnx_ir as ir
import pytest

from exporters.circular.lower import lower
from exporters.lowerings.name import HELD, Decision, parse
from exporters.lowerings.nearest import nearest
from exporters.passes.pointwise_matmul import MARK


def lowered(model, text, reason="measured"):
    graph = ir.from_proto(model)
    used = lower(graph, lambda _op, _neighbours: Decision(parse(text), reason), "auto")
    after = ir.to_proto(graph)
    onnx.checker.check_model(after, full_check=True)
    return after, used, graph


@pytest.mark.parametrize("axis", ["h", "w"])
@pytest.mark.parametrize(
    "text",
    ["circulant", "grouped_conv_ch", "circulant_ch2", "crt4_4", "crtk_3_ch1", "crt2", "fft", "spatial_ch3"],
)
def test_each_name_is_built(kit, axis, text):
    case = kit.Case(axis, (1, 5, 12, 12), before=[("Add", kit.values(1, 5, 12, 1))])
    after, (used,), _ = lowered(case.model, text)
    assert used.used == parse(text).text
    assert (used.asked, used.reason) == ("auto", "measured")
    assert case.error(after) <= 1e-6
    assert "Conv" not in {node.op_type for node in after.graph.node} or "conv" in text or "spatial" in text


def test_what_is_told_is_fit_for_a_manifest(kit):
    _, (used,), _ = lowered(kit.Case("w", (1, 4, 5, 6), 3).model, "circulant")
    assert used.to_json() == {
        "name": "conv",
        "axis": "w",
        "length": 6,
        "other": 5,
        "channels": [4, 3],
        "dense": True,
        "neighbours": "none",
        "asked": "auto",
        "used": "circulant",
        "reason": "measured",
    }


def test_spatial_leaves_the_graph_as_it_is(kit):
    case = kit.Case("h", (1, 4, 6, 5), before=[("Add", kit.values(1, 4, 6, 1))])
    graph = ir.from_proto(case.model)
    lower(graph, lambda op, _neighbours: nearest(op, parse("spatial")), "spatial")
    assert [node.op_type for node in graph.graph] == [node.op_type for node in case.model.graph.node]


def test_spatial_chosen_takes_in_what_stands_around_it(kit):
    around = {
        "before": [("Add", kit.values(1, 4, 6, 1)), ("Norm", kit.norm(4))],
        "after": [("Norm", kit.norm(4))],
    }
    for given, left in (
        ({"before": around["before"]}, ["Slice", "Concat", "Conv", "Add"]),
        (around, ["Slice", "Concat", "Conv", "Add"]),
        ({"after": around["after"]}, ["Slice", "Concat", "Conv"]),
        ({"before": around["before"][:1]}, ["Add", "Slice", "Concat", "Conv"]),
    ):
        case = kit.Case("h", (1, 4, 6, 5), **given)
        after, (used,), _ = lowered(case.model, "spatial")
        assert [node.op_type for node in after.graph.node][: len(left)] == left
        assert used.used == "spatial"
        assert case.error(after) <= 1e-6


def test_what_cannot_be_built_is_replaced_with_the_reason(kit):
    case = kit.Case("h", (1, 4, 7, 5))
    after, (used,), _ = lowered(case.model, "crt2")
    assert used.used == "circulant"
    assert used.reason.startswith("measured; crt2 is not possible because ")
    assert case.error(after) <= 1e-6


def test_neighbours_are_marked_where_there_are_some(kit):
    case = kit.Case("h", (1, 4, 6, 5))
    _, (used,), _ = lowered(case.model, "circulant+matmul")
    assert used.used == "circulant"
    assert used.reason == "measured; no 1x1 convolution beside it"
    writer = kit.Writer()
    weight = writer.constant("w", kit.values(4, 4, 1, 1))
    fed = writer.node("Conv", ["x", weight], "first")
    cut = writer.cut(fed, 0, 5, 2, "cut")
    writer.node("Concat", [fed, cut], "longer", axis=2)
    writer.node("Conv", ["longer", writer.constant("k", kit.values(4, 1, 6, 1))], "y", group=4)
    model = writer.model({"x": (1, 4, 6, 5)}, {"y": (1, 4, 6, 5)})
    _, (used,), graph = lowered(model, "circulant+matmul")
    assert used.used == "circulant+matmul"
    assert [node.name for node in graph.graph if node.metadata_props.get(MARK) == "matmul"] == ["first"]


def test_operators_beside_the_same_convolution_agree_on_how_it_is_written(kit):
    writer = kit.Writer()
    fed = writer.node("Conv", ["x", writer.constant("w", kit.values(4, 4, 1, 1))], "first")
    ends = []
    for axis, name, taps in ((2, "h", (6, 1)), (3, "v", (1, 6))):
        cut = writer.cut(fed, 0, 5, axis, f"cut_{name}")
        writer.node("Concat", [fed, cut], f"longer_{name}", axis=axis)
        weight = writer.constant(f"k_{name}", kit.values(4, 1, *taps))
        ends.append(writer.node("Conv", [f"longer_{name}", weight], f"y_{name}", group=4))
    writer.node("Add", ends, "y")
    model = writer.model({"x": (1, 4, 6, 6)}, {"y": (1, 4, 6, 6)})
    asked = []

    def choose(op, neighbours):
        asked.append((op.axis, neighbours))
        return Decision(parse("circulant+matmul" if op.axis == "h" else "grouped_conv"), "measured")

    graph = ir.from_proto(model)
    along_h, along_w = lower(graph, choose)
    assert (along_h.used, along_w.used) == ("circulant", "grouped_conv")
    assert "another operator keeps" in along_h.reason
    assert asked[-1] == ("h", HELD)
    assert not any(node.metadata_props.get(MARK) for node in graph.graph)


def test_the_chooser_is_told_of_each_operator_and_two_in_a_row_are_replaced(kit):
    case = kit.Case("h", (1, 4, 6, 6), after=[("Add", kit.values(1, 4, 1, 6))])
    writer, model = kit.Writer(), case.model
    model.graph.node.pop()
    cut = writer.cut("after0", 0, 5, 3, "cut")
    writer.node("Concat", ["after0", cut], "more", axis=3)
    writer.node("Conv", ["more", writer.constant("second", kit.values(4, 1, 1, 6))], "y", group=4)
    model.graph.node.extend(writer.nodes)
    model.graph.initializer.extend(writer.constants)
    graph, asked = ir.from_proto(onnx.shape_inference.infer_shapes(model)), []

    def choose(op, neighbours):
        asked.append((op.axis, neighbours))
        return nearest(op, parse("circulant"))

    assert [used.axis for used in lower(graph, choose)] == ["h", "w"]
    assert asked == [("h", "none"), ("w", "none")]
    assert [node.op_type for node in graph.graph] == ["MatMul", "Add", "MatMul", "Add"]
