"""Whatever stands around it, a correlation that was found computes, lowered, what the graph computed."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.circular.lower import lower
from exporters.circular.match import along, sites
from exporters.lowerings.name import Choice, Decision

CLOSE = 1e-6
AROUND = 1e-5
"""What stands around may cancel what the operator computed, and so raise its rounding."""


def found(model):
    return sites(ir.from_proto(model))


def lowered(model, name):
    graph = ir.from_proto(model)
    used = lower(graph, lambda _op, _neighbours: Decision(Choice(name), "asked for"), name)
    after = ir.to_proto(graph)
    onnx.checker.check_model(after, full_check=True)
    return after, used


def operators(model):
    return [node.op_type for node in model.graph.node if node.op_type != "Identity"]


@st.composite
def steps(draw, kit, axis, channels, shape):
    """Draw what stands before or after: operators with constants that may or may not be carried."""
    length, other = (shape[2], shape[3]) if axis == "h" else (shape[3], shape[2])
    along_axis = (1, channels, length, 1) if axis == "h" else (1, channels, 1, length)
    across = (1, channels, 1, other) if axis == "h" else (1, channels, other, 1)
    constants = {
        "along": kit.values(*along_axis),
        "expanded": np.broadcast_to(kit.values(*along_axis), (1, channels, *shape[2:])),
        "across": kit.values(*across),
        "channels": kit.values(channels, 1, 1),
        "one": kit.values(),
    }
    kinds = st.tuples(st.sampled_from(["Add", "Sub", "From", "Mul", "Div"]), st.sampled_from([*constants]))
    drawn = draw(st.lists(st.one_of(kinds, st.sampled_from([("Norm", ""), ("Relu", "")])), max_size=3))
    return [
        (step, kit.norm(channels) if step == "Norm" else constants.get(which, 0.0)) for step, which in drawn
    ]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_it_is_found_and_computes_the_same_lowered(kit, data):
    axis = data.draw(st.sampled_from("hw"))
    length, other = data.draw(st.sampled_from([2, 3, 7, 8, 12, 13])), data.draw(st.integers(1, 6))
    batch, channels = data.draw(st.integers(1, 2)), data.draw(st.integers(2, 5))
    shape = (batch, channels, length, other) if axis == "h" else (batch, channels, other, length)
    outputs = data.draw(st.one_of(st.none(), st.integers(1, 4)))
    case = kit.Case(
        axis,
        shape,
        outputs,
        wrap=data.draw(st.sampled_from(kit.WRAPS)),
        before=data.draw(steps(kit, axis, channels, shape)),
        after=data.draw(steps(kit, axis, outputs or channels, shape)),
        bias=data.draw(st.booleans()),
        seed=data.draw(st.integers(0, 99)),
    )
    (site,) = found(case.model)
    assert (site.op.axis, site.op.shape, site.op.dense) == (axis, shape, outputs is not None)
    assert case.error(case.model) <= AROUND
    for name in ("circulant", "grouped_conv", "spatial"):
        after, used = lowered(case.model, name)
        assert case.error(after) <= AROUND
        assert [each.used for each in used] == [name]


@pytest.mark.parametrize("axis", ["h", "w"])
def test_all_that_is_linear_per_channel_and_along_the_axis_is_carried_in(kit, axis):
    shape = (1, 4, 6, 5) if axis == "h" else (1, 4, 5, 6)
    held = (1, 4, 6, 1) if axis == "h" else (1, 4, 1, 6)
    before = [("Add", kit.values(*held)), ("Norm", kit.norm(4)), ("Mul", kit.values(1, 4, 1, 1))]
    after = [("Norm", kit.norm(4, 6)), ("From", kit.values(*held[1:])), ("Div", kit.values())]
    case = kit.Case(axis, shape, before=before, after=after)
    after, _ = lowered(case.model, "circulant")
    assert operators(after) == ["MatMul", "Add"]
    assert case.error(after) <= CLOSE


def test_what_is_not_linear_or_goes_across_stays(kit):
    across = kit.values(1, 4, 1, 5)
    for before, after, left in (
        ([("Add", across)], [], ["Add", "MatMul", "Add"]),
        ([("Mul", kit.values(1, 4, 6, 1))], [], ["Mul", "MatMul", "Add"]),
        ([("Norm", kit.norm(4)), ("Relu", 0)], [], ["BatchNormalization", "Relu", "MatMul", "Add"]),
        ([], [("Relu", 0), ("Mul", kit.values())], ["MatMul", "Add", "Relu", "Mul"]),
        ([], [("Mul", across)], ["MatMul", "Add", "Mul"]),
    ):
        case = kit.Case("h", (1, 4, 6, 5), before=before, after=after)
        made, _ = lowered(case.model, "circulant")
        assert operators(made) == left
        assert case.error(made) <= CLOSE


def test_what_another_reads_is_not_carried(kit):
    case = kit.Case(
        "h", (1, 4, 6, 5), before=[("Add", kit.values(1, 4, 6, 1))], after=[("Mul", kit.values())]
    )
    model = case.model
    for read in ("before0", "conv"):
        shared = onnx.ModelProto.FromString(model.SerializeToString())
        shared.graph.output.append(onnx.helper.make_tensor_value_info(read, 1, case.shape))
        made, _ = lowered(shared, "circulant")
        assert case.error(made) <= CLOSE
        assert operators(made).count("Add") + operators(made).count("Mul") == 2


def test_no_shift_is_no_constant(kit):
    (site,) = found(kit.Case("w", (1, 3, 4, 5), bias=False).model)
    assert site.op.shift is None
    made, _ = lowered(kit.Case("w", (1, 3, 4, 5), bias=False).model, "circulant")
    assert operators(made) == ["MatMul"]


def test_the_batch_of_two_and_a_form_of_its_own(kit):
    case = kit.Case("h", (2, 3, 7, 4), wrap="pad")
    (site,) = found(case.model)
    assert not site.plain
    made, _ = lowered(case.model, "spatial")
    assert operators(made) == ["Slice", "Concat", "Conv"]
    assert case.error(made) <= CLOSE


def test_sites_are_named_after_their_weights_and_never_twice(kit):
    assert [site.name for site in found(kit.Case("h", (1, 3, 7, 4)).model)] == ["conv"]
    writer, fed = kit.Writer(), "x"
    weight = writer.constant("stage.0.weight", kit.values(3, 1, 7, 1))
    for number in range(2):
        cut = writer.cut(fed, 0, 6, 2, f"cut{number}")
        writer.node("Concat", [fed, cut], f"longer{number}", axis=2)
        fed = writer.node("Conv", [f"longer{number}", weight], f"y{number}", group=3)
    model = writer.model({"x": (1, 3, 7, 4)}, {"y1": (1, 3, 7, 4)})
    assert [site.name for site in found(model)] == ["stage.0", "stage.0.1"]
    made, _ = lowered(model, "circulant")
    assert operators(made) == ["MatMul", "MatMul"]


@pytest.mark.parametrize(
    "changed",
    [
        {"strides": [2, 1]},
        {"dilations": [2, 1]},
        {"pads": [1, 0, 0, 0]},
        {"auto_pad": "SAME_UPPER"},
    ],
)
def test_other_convolutions_are_none(changed):
    weight = onnx.numpy_helper.from_array(np.ones((3, 1, 5, 1), np.float32), "w")
    x = onnx.helper.make_tensor_value_info("x", 1, [1, 3, 9, 4])
    y = onnx.helper.make_tensor_value_info("y", 1, None)

    def conv(**attributes):
        node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], "n", group=3, **attributes)
        graph = onnx.helper.make_graph([node], "g", [x], [y], [weight])
        return next(iter(ir.from_proto(onnx.helper.make_model(graph)).graph))

    assert along(conv()) == along(conv(auto_pad="VALID")) == "h"
    assert along(conv(**changed)) is None


def test_a_kernel_shorter_than_its_axis_is_let_be(kit):
    model = kit.Case("h", (1, 3, 7, 4)).model
    writer = kit.Writer()
    cut = writer.cut("x", 0, 2, 2, "cut")
    writer.node("Concat", ["x", cut], "longer", axis=2)
    weight = writer.constant("short", kit.values(3, 1, 3, 1))
    writer.node("Conv", ["longer", weight], "y", group=3)
    short = writer.model({"x": (1, 3, 7, 4)}, {"y": (1, 3, 7, 4)})
    assert found(short) == []
    assert len(found(model)) == 1
