import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from exporters.execute import execute

TOKENS = {"x": (2, 3, 4)}
OUT = {"y": (2, 3, 4)}
CENTRED = "m = ReduceMean(x, last) d = Sub(x, m)"
VARIANCE = f"{CENTRED} q = Mul(d, d) v = ReduceMean(q, last) a = Add(v, e)"
ORDERS = {
    "a quotient": f"{VARIANCE} r = Sqrt(a) n = Div(d, r) s = Mul(n, g) y = Add(s, h)",
    "squared by Pow": f"{CENTRED} q = Pow(d, two) v = ReduceMean(q, last) a = Add(e, v) r = Sqrt(a) "
    "n = Div(d, r) s = Mul(g, n) y = Add(h, s)",
    "a product with the inverse": f"{VARIANCE} r = Sqrt(a) i = Reciprocal(r) n = Mul(i, d) s = Mul(n, g) "
    "y = Add(s, h)",
    "one over the root": f"{VARIANCE} r = Sqrt(a) i = Div(one, r) n = Mul(d, i) s = Mul(n, g) y = Add(s, h)",
    "a negative power": f"{VARIANCE} i = Pow(a, minus) n = Mul(d, i) s = Mul(n, g) y = Add(s, h)",
    "a positive power": f"{VARIANCE} r = Pow(a, half) n = Div(d, r) s = Mul(n, g) y = Add(s, h)",
    "scaled before the quotient": f"{VARIANCE} r = Sqrt(a) s = Mul(g, d) n = Div(s, r) y = Add(n, h)",
    "the inverse scaled": f"{VARIANCE} r = Sqrt(a) i = Reciprocal(r) s = Mul(i, g) n = Mul(d, s) "
    "y = Add(n, h)",
    "two means": "k = ReduceMean(x, last) c = Sub(x, k) m = ReduceMean(x, end) d = Sub(x, m) q = Mul(d, d) "
    "w = ReduceMean<keepdims=0>(q, end) v = Reshape(w, column) a = Add(v, e) r = Sqrt(a) n = Div(c, r) "
    "s = Mul(n, g) y = Add(s, h)",
    "sums over the count": "k = ReduceSum(x, last) m = Div(k, count) d = Sub(x, m) q = Mul(d, d) "
    "w = ReduceSum(q, last) v = Div(w, count) a = Add(v, e) r = Sqrt(a) n = Div(d, r) s = Mul(n, g) "
    "y = Add(s, h)",
    "the mean less x": "m = ReduceMean(x, last) d = Sub(m, x) q = Mul(d, d) v = ReduceMean(q, last) "
    "a = Add(v, e) r = Sqrt(a) o = Neg(d) n = Div(o, r) s = Mul(n, g) y = Add(s, h)",
}
PLAIN = f"{VARIANCE} r = Sqrt(a) y = Div(d, r)"


def constants(weights, **others):
    numbers = {"e": 1e-3, "two": 2, "one": 1, "minus": -0.5, "half": 0.5, "count": 4}
    return {
        "last": np.array([-1]),
        "end": np.array([2]),
        "column": np.array([2, 3, 1]),
        "g": weights(4, seed=5),
        "h": weights(4, seed=6),
        **{name: np.array(value, np.float32) for name, value in numbers.items()},
        **others,
    }


def stated(done):
    (norm,) = done.nodes("LayerNormalization")
    return {each.name: onnx.helper.get_attribute_value(each) for each in norm.attribute}


@pytest.mark.parametrize("body", ORDERS.values(), ids=ORDERS)
def test_every_order_is_one_operator(tiny, rewritten, weights, body):
    done = rewritten(tiny(body, TOKENS, OUT, constants(weights)), "layer_norm")
    assert (done.count, done.ops) == (1, {"LayerNormalization": 1})
    assert stated(done) == {"axis": -1, "epsilon": pytest.approx(1e-3)}
    (norm,) = done.nodes("LayerNormalization")
    assert np.allclose(done.constant(norm.input[1]), weights(4, seed=5))
    assert np.allclose(done.constant(norm.input[2]), weights(4, seed=6))


@pytest.mark.parametrize("offset", [0, 10])
@pytest.mark.parametrize("body", ORDERS.values(), ids=ORDERS)
def test_the_operator_is_as_near_to_float64_as_what_it_stands_for(tiny, rewritten, weights, body, offset):
    model, x = tiny(body, TOKENS, OUT, constants(weights)), weights(2, 3, 4, seed=3) + offset
    wide = x.astype(np.float64)
    centred = wide - wide.mean(-1, keepdims=True)
    exact = centred / np.sqrt(wide.var(-1, keepdims=True) + 1e-3) * weights(4, seed=5) + weights(4, seed=6)
    for each in (model, rewritten(model, "layer_norm").model):
        (found,) = execute(each.SerializeToString(), {"x": x}).values()
        assert abs(found - exact).max() <= 1e-6 * (1 + offset) * abs(exact).max()


def test_a_norm_without_scale_and_shift_gets_ones_and_none(tiny, rewritten, weights):
    done = rewritten(tiny(PLAIN, TOKENS, OUT, constants(weights)), "layer_norm")
    (norm,) = done.nodes("LayerNormalization")
    assert len(norm.input) == 2
    assert done.constant(norm.input[1]).tolist() == [1, 1, 1, 1]


def test_over_several_last_axes_the_scale_keeps_their_shape(tiny, rewritten, weights):
    body = f"{PLAIN.replace('y =', 'n =')} s = Mul(n, g) y = Add(s, h)"
    given = constants(weights, last=np.array([1, -1, 2]), g=weights(3, 1, 1, seed=1), h=weights(5, seed=2))
    done = rewritten(tiny(body, {"x": (2, 3, 4, 5)}, {"y": (2, 3, 4, 5)}, given), "layer_norm")
    assert (done.count, done.ops) == (1, {"LayerNormalization": 1})
    assert stated(done)["axis"] == 1
    (norm,) = done.nodes("LayerNormalization")
    assert done.constant(norm.input[1]).shape == (3, 1, 1)


def test_a_norm_of_a_norm_is_two(tiny, rewritten, weights):
    first, second = ORDERS["a quotient"].replace("y =", "z ="), "l = Neg(z) x2 = Exp(l)"
    again = (
        "m2 = ReduceMean(x2, last) d2 = Sub(x2, m2) q2 = Pow(d2, two) v2 = ReduceMean(q2, last) "
        "a2 = Add(v2, e) r2 = Sqrt(a2) y = Div(d2, r2)"
    )
    for body, ops in (
        (f"{first} {second} {again}", {"Exp": 1, "LayerNormalization": 2, "Neg": 1}),
        (f"{first} {again}".replace("x2", "z"), {"LayerNormalization": 2}),
    ):
        assert rewritten(tiny(body, TOKENS, OUT, constants(weights)), "layer_norm").ops == ops


def test_what_comes_behind_stays(tiny, rewritten, weights):
    body = f"{ORDERS['a quotient'].replace('y =', 'z =')} y = Add(z, x)"
    done = rewritten(tiny(body, TOKENS, OUT, constants(weights)), "layer_norm")
    assert done.ops == {"Add": 1, "LayerNormalization": 1}


LEFT = {
    "epsilon outside the root": (f"{VARIANCE} r = Sqrt(v) b = Add(r, e) y = Div(d, b)", {}),
    "RMSNorm": ("q = Mul(x, x) v = ReduceMean(q, last) a = Add(v, e) r = Sqrt(a) y = Div(x, r)", {}),
    "not centred": (f"{VARIANCE} r = Sqrt(a) y = Div(x, r)", {}),
    "axes apart": (PLAIN, {"last": np.array([0, 2])}),
    "an axis before the last": (PLAIN, {"last": np.array([1])}),
    "another mean": (
        f"{CENTRED} q = Mul(d, d) v = ReduceMean(q, other) a = Add(v, e) r = Sqrt(a) y = Div(d, r)",
        {"other": np.array([1])},
    ),
    "something under the root": (PLAIN.replace("r = Sqrt(a)", "b = Abs(a) r = Sqrt(b)"), {}),
    "the variance is read twice": (f"{PLAIN.replace('y =', 'n =')} k = Exp(v) y = Add(n, k)", {}),
    "the difference is read twice": (f"{PLAIN.replace('y =', 'n =')} y = Mul(n, d)", {}),
}


@pytest.mark.parametrize(("body", "others"), LEFT.values(), ids=LEFT)
def test_anything_else_stays(tiny, rewritten, weights, body, others):
    done = rewritten(tiny(body, TOKENS, OUT, constants(weights, **others)), "layer_norm")
    assert done.count == 0
    assert "LayerNormalization" not in done.ops


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
    channels=st.integers(2, 9),
    body=st.sampled_from([order for name, order in ORDERS.items() if name != "two means"]),
    seed=st.integers(0, 99),
)
def test_any_shape_keeps_its_outputs(tiny, rewritten, weights, *, shape, channels, body, seed):
    given = constants(weights, g=weights(channels, seed=1), h=weights(channels, seed=2))
    given["count"] = np.array(channels, np.float32)
    size = (*shape, channels)
    done = rewritten(tiny(body, {"x": size}, {"y": size}, given), "layer_norm", seed)
    assert (done.count, done.ops) == (1, {"LayerNormalization": 1})


def variance(x):
    mean = x.mean(-1, keepdim=True)
    return mean, x.var(-1, keepdim=True, unbiased=False)


def by_variance(x):
    mean, spread = variance(x)
    return (x - mean) / torch.sqrt(spread + 1e-5)


def by_squares(x):
    d = x - x.mean(-1, keepdim=True)
    return d * torch.rsqrt(d.pow(2).mean(-1, keepdim=True) + 1e-5)


def by_var_mean(x):
    spread, mean = torch.var_mean(x, -1, keepdim=True, correction=0)
    return (x - mean) * (spread + 1e-5) ** -0.5


def over_one_less(x):
    return (x - x.mean(-1, keepdim=True)) / torch.sqrt(x.var(-1, keepdim=True) + 1e-5)


@pytest.mark.parametrize("function", [by_variance, by_squares, by_var_mean, over_one_less])
def test_what_torch_exports_is_found_and_folded(export, small, pair, function):
    artifact = export(small(lambda linear, x: linear(function(linear(x)) * 3 + 1)), pair)
    nodes = artifact.manifest["nodes"]
    assert "LayerNormalization" not in nodes["cleaned"]
    assert nodes["simplified"] == {"Gemm": 2, "LayerNormalization": 1}
    assert artifact.manifest["parity"]["simplified"]["max_rel"] <= 1e-6
