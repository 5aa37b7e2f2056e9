import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

X = {"x": (1, 3, 5, 5)}
Y = {"y": (1, 4, 5, 5)}
CONV = "a = Conv(x, w, b) y = Mul(a, s)"


def conv_constants(weights, scale=(4, 1, 1)):
    return {"w": weights(4, 3, 1, 1), "b": weights(4, seed=1), "s": weights(*scale, seed=2)}


@pytest.mark.parametrize("scale", [(4, 1, 1), (1, 4, 1, 1), (1,), (), (1, 1, 1)])
def test_folds_into_a_convolution(tiny, rewritten, weights, scale):
    done = rewritten(tiny(CONV, X, Y, conv_constants(weights, scale)), "fold_scale")
    assert done.count == 1
    assert done.ops == {"Conv": 1}


def test_folds_where_the_scale_comes_first_and_the_bias_is_absent(tiny, rewritten, weights):
    constants = {"w": weights(4, 3, 1, 1), "s": weights(4, 1, 1, seed=2)}
    assert rewritten(tiny("a = Conv(x, w) y = Mul(s, a)", X, Y, constants), "fold_scale").ops == {"Conv": 1}


def test_folds_into_a_grouped_convolution(tiny, rewritten, weights):
    model = tiny(
        "a = Conv<group=4>(x, w) y = Mul(a, s)",
        {"x": (1, 4, 5, 5)},
        {"y": (1, 4, 3, 3)},
        {"w": weights(4, 1, 3, 3), "s": weights(4, 1, 1, seed=2)},
    )
    assert rewritten(model, "fold_scale").ops == {"Conv": 1}


@pytest.mark.parametrize("bias", [(6,), (1,), ()])
def test_folds_into_a_matmul_and_its_bias(tiny, rewritten, weights, bias):
    constants = {"w": weights(4, 6), "b": weights(*bias, seed=1), "s": weights(6, seed=2)}
    model = tiny("a = MatMul(x, w) c = Add(b, a) y = Mul(c, s)", {"x": (2, 4)}, {"y": (2, 6)}, constants)
    done = rewritten(model, "fold_scale")
    assert done.count == 1
    assert done.ops == {"Add": 1, "MatMul": 1}


def test_two_scales_in_a_row_fold_both(tiny, rewritten, weights):
    constants = conv_constants(weights) | {"t": weights(4, 1, 1, seed=3)}
    done = rewritten(tiny("a = Conv(x, w, b) c = Mul(a, s) y = Mul(c, t)", X, Y, constants), "fold_scale")
    assert done.count == 2
    assert done.ops == {"Conv": 1}


def test_weights_shared_with_another_layer_stay_for_it(tiny, rewritten, weights):
    model = tiny(
        "a = Conv(x, w, b) y = Mul(a, s) z = Conv(x, w, b)",
        X,
        {**Y, "z": (1, 4, 5, 5)},
        conv_constants(weights),
    )
    assert rewritten(model, "fold_scale").ops == {"Conv": 2}


REFUSED = {
    "the scaled value is read twice": "a = Conv(x, w, b) c = Mul(a, s) y = Add(c, a)",
    "the scale is computed": "a = Conv(x, w, b) t = Exp(s) y = Mul(a, t)",
    "the layer is not linear": "a = Conv(x, w, b) c = Relu(a) y = Mul(c, s)",
    "the weight is computed": "v = Exp(w) a = Conv(x, v, b) y = Mul(a, s)",
    "the bias is computed": "v = Exp(b) a = Conv(x, w, v) y = Mul(a, s)",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_leaves_alone_where(tiny, rewritten, weights, body):
    assert rewritten(tiny(body, X, Y, conv_constants(weights)), "fold_scale").count == 0


def test_leaves_a_scaled_graph_output_alone(tiny, rewritten, weights):
    model = tiny(CONV, X, {**Y, "a": (1, 4, 5, 5)}, conv_constants(weights))
    assert rewritten(model, "fold_scale").count == 0


@pytest.mark.parametrize("scale", [(5,), (5, 1), (4, 5, 1), (1, 5, 5)])
def test_leaves_a_scale_along_another_axis_alone(tiny, rewritten, weights, scale):
    assert rewritten(tiny(CONV, X, Y, conv_constants(weights, scale)), "fold_scale").count == 0


@pytest.mark.parametrize("scale", [(1, 1, 4, 1, 1), (1, 1, 1, 1, 1)])
def test_leaves_a_scale_of_more_axes_alone(tiny, rewritten, weights, scale):
    model = tiny(CONV, X, {"y": (1, 1, 4, 5, 5)}, conv_constants(weights, scale))
    assert rewritten(model, "fold_scale").count == 0


@pytest.mark.parametrize(
    ("body", "bias"),
    [
        ("a = MatMul(x, w) c = Add(a, b) d = Mul(c, s) y = Add(d, a)", (6,)),
        ("a = MatMul(x, w) c = Add(a, b) y = Mul(c, s)", (2, 6)),
        ("a = MatMul(x, w) e = Exp(x) b2 = MatMul(e, w) c = Add(a, b2) y = Mul(c, s)", (6,)),
    ],
    ids=["product read twice", "bias along another axis", "sum of two products"],
)
def test_leaves_a_matmul_alone_where(tiny, rewritten, weights, body, bias):
    constants = {"w": weights(4, 6), "b": weights(*bias, seed=1), "s": weights(6, seed=2)}
    assert rewritten(tiny(body, {"x": (2, 4)}, {"y": (2, 6)}, constants), "fold_scale").count == 0


@given(
    channels=st.integers(1, 6),
    inner=st.integers(1, 4),
    kernel=st.sampled_from([1, 3]),
    seed=st.integers(0, 99),
    scalar=st.booleans(),
)
def test_any_convolution_keeps_its_outputs(tiny, rewritten, *, channels, inner, kernel, seed, scalar):
    rng = np.random.default_rng(seed)
    constants = {
        "w": rng.standard_normal((channels, inner, kernel, kernel)).astype(np.float32),
        "b": rng.standard_normal(channels).astype(np.float32),
        "s": rng.standard_normal(() if scalar else (channels, 1, 1)).astype(np.float32),
    }
    side = 5 - kernel + 1
    model = tiny(CONV, {"x": (2, inner, 5, 5)}, {"y": (2, channels, side, side)}, constants)
    assert rewritten(model, "fold_scale", seed).count == 1
