import numpy as np
import onnx_ir as ir
import pytest

from exporters.graph import (
    TO_NCHW,
    add_constant,
    affine_of,
    bias_of,
    constant,
    dims,
    drop_affine,
    insert,
    integer,
    ints,
    is_op,
    is_pointwise,
    is_transpose,
    only_user,
    producer,
    prune,
    replace,
    set_constant,
    used_once,
)


@pytest.fixture
def model(tiny, weights):
    """Return x -> Conv -> Relu -> y, with a weight that two read."""
    return ir.from_proto(
        tiny(
            "a = Conv<strides=[1,1]>(x, w) b = Conv(x, w) c = Add(a, b) y = Relu(c)",
            {"x": (1, 3, 2, 2)},
            {"y": (1, 4, 2, 2)},
            {"w": weights(4, 3, 1, 1)},
        )
    )


def node(model, op_type, number=0):
    return [each for each in model.graph if each.op_type == op_type][number]


def test_questions_about_values(model):
    conv, add, relu = node(model, "Conv"), node(model, "Add"), node(model, "Relu")
    assert constant(conv.inputs[1]).shape == (4, 3, 1, 1)
    assert constant(conv.inputs[0]) is None
    assert constant(None) is None
    assert producer(relu.inputs[0], "Add") is add
    assert producer(relu.inputs[0], "Mul") is None
    assert producer(conv.inputs[0], "Add") is None
    assert used_once(relu.inputs[0])
    assert not used_once(conv.inputs[1])
    assert not used_once(relu.outputs[0])
    assert only_user(add.outputs[0], "Relu") is relu
    assert only_user(add.outputs[0], "Mul") is None
    assert only_user(conv.inputs[1], "Conv") is None
    assert dims(conv.outputs[0]) == (1, 4, 2, 2)
    assert dims(None) is None


def test_a_shape_that_is_partly_unknown_is_unknown():
    assert dims(ir.Value(name="v", shape=ir.Shape([1, "n"]))) is None
    assert dims(ir.Value(name="v")) is None
    assert dims(ir.Value(name="v", shape=ir.Shape([]))) == ()


def test_an_initializer_that_can_be_fed_is_no_constant(tiny, weights):
    model = tiny("y = Add(x, w)", {"x": (2,), "w": (2,)}, {"y": (2,)}, {"w": weights(2)})
    add = node(ir.from_proto(model), "Add")
    assert constant(add.inputs[1]) is None


def test_questions_about_nodes(model):
    conv, relu = node(model, "Conv"), node(model, "Relu")
    assert is_op(conv, "Relu", "Conv")
    assert not is_op(None, "Conv")
    assert not is_op(ir.node("Conv", [conv.inputs[0]], domain="own"), "Conv")
    assert ints(conv, "strides") == (1, 1)
    assert ints(conv, "pads", (0, 0)) == (0, 0)
    assert integer(conv, "group", 1) == 1
    assert is_pointwise(conv)
    assert not is_pointwise(relu)
    assert not is_pointwise(None)
    turn = ir.node("Transpose", [conv.outputs[0]], {"perm": list(TO_NCHW)})
    assert is_transpose(turn, TO_NCHW)
    assert not is_transpose(turn, (0, 2, 3, 1))
    assert not is_transpose(None, TO_NCHW)


def test_a_bias_that_is_absent_is_zeros_and_one_that_is_computed_unknown(model, weights):
    conv = node(model, "Conv")
    assert (bias_of(conv) == np.zeros(4, np.float32)).all()
    conv.resize_inputs(3)
    assert (bias_of(conv) == 0).all()
    set_constant(conv, 2, weights(4), "new")
    assert (bias_of(conv) == weights(4)).all()
    conv.replace_input_with(2, node(model, "Relu").outputs[0])
    assert bias_of(conv) is None


@pytest.mark.parametrize(
    ("body", "affine"),
    [
        ("y = LayerNormalization<axis=-1>(x, g, h)", True),
        ("y = LayerNormalization<axis=-1>(x, g)", True),
        ("k = Exp(g) y = LayerNormalization<axis=-1>(x, k, h)", False),
        ("k = Exp(h) y = LayerNormalization<axis=-1>(x, g, k)", False),
        ("y = LayerNormalization<axis=-2>(x, q, q)", False),
        ("y = LayerNormalization<axis=-1>(x, g, one)", False),
    ],
)
def test_the_affine_part_of_a_norm(tiny, weights, body, affine):
    constants = {"g": weights(4), "h": weights(4, seed=1), "q": weights(3, 4), "one": weights(1)}
    model = ir.from_proto(tiny(body, {"x": (2, 3, 4)}, {"y": (2, 3, 4)}, constants))
    norm = node(model, "LayerNormalization")
    assert (affine_of(norm) is not None) is affine
    if affine:
        scale, shift = affine_of(norm)
        assert (scale == weights(4)).all()
        assert (shift is None) == (len(norm.inputs) == 2)
        drop_affine(norm)
        ones, nothing = affine_of(norm)
        assert (ones == 1).all()
        assert nothing is None


def test_a_constant_takes_the_first_free_name(model):
    names = [add_constant(model.graph, "w", np.zeros(2, np.float32)).name for _ in range(3)]
    assert names == ["w.1", "w.2", "w.3"]
    assert add_constant(model.graph, "new", np.zeros(2, np.float32)).name == "new"


def test_a_constant_keeps_its_rank(model):
    for shape in ((), (1,), (2, 0)):
        made = add_constant(model.graph, "made", np.zeros(shape, np.int64))
        assert tuple(made.shape) == tuple(made.const_value.shape) == made.const_value.numpy().shape == shape


def test_setting_a_constant_leaves_the_other_reader_its_own(model):
    one, other = node(model, "Conv", 0), node(model, "Conv", 1)
    set_constant(one, 1, np.zeros((4, 3, 1, 1), np.float32), "zeroed")
    set_constant(one, 2, np.ones(4, np.float32), "made")
    assert [value.name for value in one.inputs] == ["x", "w.zeroed", "a.bias.made"]
    assert constant(other.inputs[1]).any()


def test_a_node_is_inserted_before_or_after(model):
    add = node(model, "Add")
    before = insert(add, "Neg", [add.inputs[0]], "before")
    after = insert(add, "Elu", [add.outputs[0]], "after", {"alpha": 0.5}, after=True)
    assert [each.op_type for each in model.graph] == ["Conv", "Conv", "Neg", "Add", "Elu", "Relu"]
    assert (before.name, before.type) == ("before", add.inputs[0].type)
    assert after.producer().attributes["alpha"].as_float() == 0.5


def test_replacing_a_graph_output_keeps_its_name_and_shape(model):
    relu = node(model, "Relu")
    other = insert(relu, "Neg", [relu.inputs[0]], "other")
    replace(relu.outputs[0], other)
    prune(model)
    assert [value.name for value in model.graph.outputs] == ["y"]
    assert dims(model.graph.outputs[0]) == (1, 4, 2, 2)
    assert [each.op_type for each in model.graph] == ["Conv", "Conv", "Add", "Neg"]


def test_replacing_moves_every_reader(model):
    first, second = node(model, "Conv", 0), node(model, "Conv", 1)
    replace(first.outputs[0], second.outputs[0])
    prune(model)
    assert [each.op_type for each in model.graph] == ["Conv", "Add", "Relu"]
