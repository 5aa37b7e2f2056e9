import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.passes.pointwise_matmul import MARK, MATMUL

IMAGE = {"x": (2, 3, 4, 5)}
OUT = {"y": (2, 6, 4, 5)}


def marked(model, value=MATMUL):
    for node in model.graph.node:
        if node.op_type == "Conv":
            node.metadata_props.add(key=MARK, value=value)
    return model


def constants(weights):
    return {"w": weights(6, 3, 1, 1), "b": weights(6, seed=1), "v": weights(6, 6, 1, 1, seed=2)}


def marks(done):
    return [entry for node in done.model.graph.node for entry in node.metadata_props if entry.key == MARK]


@pytest.mark.parametrize(
    ("bias", "ops"),
    [(", b", {"Add": 1, "MatMul": 1, "Reshape": 2}), ("", {"MatMul": 1, "Reshape": 2})],
    ids=["with a bias", "without"],
)
def test_a_marked_convolution_becomes_a_product(tiny, rewritten, weights, bias, ops):
    model = marked(tiny(f"y = Conv(x, w{bias})", IMAGE, OUT, constants(weights)))
    done = rewritten(model, "pointwise_matmul")
    assert (done.count, done.ops) == (1, ops)
    assert not marks(done)


def test_a_convolution_without_the_mark_stays(tiny, rewritten, weights):
    done = rewritten(tiny("y = Conv(x, w, b)", IMAGE, OUT, constants(weights)), "pointwise_matmul")
    assert (done.count, done.ops) == (0, {"Conv": 1})


def test_two_in_a_row_keep_what_lies_between(tiny, rewritten, weights):
    model = marked(tiny("a = Conv(x, w, b) r = Relu(a) y = Conv(r, v)", IMAGE, OUT, constants(weights)))
    done = rewritten(model, "pointwise_matmul")
    assert done.count == 2
    assert done.ops == {"Add": 1, "MatMul": 2, "Relu": 1, "Reshape": 4}


@pytest.mark.parametrize(
    ("attributes", "weight", "shape"),
    [
        ("", (6, 3, 3, 3), (2, 6, 2, 3)),
        ("<group=3>", (6, 1, 1, 1), (2, 6, 4, 5)),
        ("<strides=[2,2]>", (6, 3, 1, 1), (2, 6, 2, 3)),
        ("<pads=[1,1,1,1]>", (6, 3, 1, 1), (2, 6, 6, 7)),
    ],
    ids=["3x3", "grouped", "strided", "padded"],
)
def test_another_convolution_stays_and_loses_its_mark(tiny, rewritten, weights, *, attributes, weight, shape):
    model = marked(
        tiny(
            f"y = Conv{attributes}(x, w, b)",
            IMAGE,
            {"y": shape},
            {**constants(weights), "w": weights(*weight)},
        )
    )
    done = rewritten(model, "pointwise_matmul")
    assert (done.count, done.ops) == (0, {"Conv": 1})
    assert not marks(done)


def test_a_mark_that_asks_for_something_else_is_not_obeyed(tiny, rewritten, weights):
    model = marked(tiny("y = Conv(x, w, b)", IMAGE, OUT, constants(weights)), "conv")
    assert rewritten(model, "pointwise_matmul").count == 0


def test_sizes_known_only_when_it_runs_are_left_alone(tiny, weights):
    import onnx_ir as ir

    from exporters.passes import passes

    model = marked(tiny("y = Conv(x, w, b)", IMAGE, OUT, constants(weights)))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[2].dim_param = "height"
    graph = ir.from_proto(model)
    assert passes()["pointwise_matmul"].apply(graph) == 0
    onnx.checker.check_model(ir.to_proto(graph), full_check=True)


@given(
    batch=st.integers(1, 3),
    inside=st.integers(1, 5),
    out=st.integers(1, 5),
    height=st.integers(1, 4),
    width=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_any_size_keeps_its_outputs(tiny, rewritten, *, batch, inside, out, height, width, seed):
    rng = np.random.default_rng(seed)
    given = {
        "w": rng.standard_normal((out, inside, 1, 1)).astype(np.float32),
        "b": rng.standard_normal(out).astype(np.float32),
    }
    shapes = {"x": (batch, inside, height, width)}, {"y": (batch, out, height, width)}
    assert rewritten(marked(tiny("y = Conv(x, w, b)", *shapes, given)), "pointwise_matmul", seed).count == 1
