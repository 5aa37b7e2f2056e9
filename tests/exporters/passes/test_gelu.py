import math

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from exporters.execute import execute

SHAPE = {"x": (2, 3, 4)}
OUT = {"y": (2, 3, 4)}
ROOT, RATE = math.sqrt(2), math.sqrt(2 / math.pi)

ERF = {
    "PyTorch order": "d = Div(x, root) e = Erf(d) p = Add(e, one) h = Mul(x, half) y = Mul(h, p)",
    "half of the sum": "d = Div(x, root) e = Erf(d) p = Add(one, e) h = Mul(half, p) y = Mul(x, h)",
    "divided at the end": "d = Mul(x, inverse) e = Erf(d) p = Add(e, one) h = Mul(x, p) y = Div(h, two)",
    "half in both terms": "d = Mul(inverse, x) e = Erf(d) h = Mul(e, half) p = Add(h, half) y = Mul(p, x)",
    "subtracted": "m = Neg(x) d = Div(m, root) e = Erf(d) p = Sub(one, e) h = Mul(x, p) y = Mul(h, half)",
}
CUBED = "c = Pow(x, three) k = Mul(c, part) s = Add(x, k) z = Mul(s, rate)"
BY_ONE = "k = Mul(part, x) l = Mul(k, x) m = Add(l, one) r = Mul(x, rate) z = Mul(r, m)"
TANH = {
    "cubed": f"{CUBED} t = Tanh(z) p = Add(t, one) h = Mul(x, half) y = Mul(h, p)",
    "multiplied by itself": "a = Mul(x, part) b = Mul(a, x) c = Mul(b, x) s = Add(x, c) z = Mul(rate, s) "
    "t = Tanh(z) p = Add(one, t) h = Mul(p, half) y = Mul(x, h)",
    "x taken out": f"{BY_ONE} t = Tanh(z) p = Add(t, one) h = Mul(x, p) y = Div(h, two)",
    "as a sigmoid": f"{CUBED} w = Mul(z, two) t = Sigmoid(w) y = Mul(t, x)",
}


def scalars(shape=(), **others):
    values = {
        "root": ROOT,
        "inverse": 1 / ROOT,
        "one": 1,
        "half": 0.5,
        "two": 2,
        "three": 3,
        "part": 0.044715,
        "rate": RATE,
        **others,
    }
    return {name: np.full(shape, value, np.float32) for name, value in values.items()}


def form(done):
    (node,) = done.nodes("Gelu")
    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}


@pytest.mark.parametrize("body", ERF.values(), ids=ERF)
def test_every_order_around_erf_is_one_operator(tiny, rewritten, body):
    done = rewritten(tiny(body, SHAPE, OUT, scalars()), "gelu")
    assert (done.count, done.ops) == (1, {"Gelu": 1})
    assert form(done) == {"approximate": b"none"}


@pytest.mark.parametrize("body", TANH.values(), ids=TANH)
def test_every_order_around_tanh_is_one_operator(tiny, rewritten, body):
    done = rewritten(tiny(body, SHAPE, OUT, scalars()), "gelu")
    assert (done.count, done.ops) == (1, {"Gelu": 1})
    assert form(done) == {"approximate": b"tanh"}


@pytest.mark.parametrize("size", [(1,), (1, 1, 1)])
def test_constants_may_have_axes_of_one(tiny, rewritten, size):
    body = ERF["PyTorch order"]
    assert rewritten(tiny(body, SHAPE, OUT, scalars(size)), "gelu").ops == {"Gelu": 1}


@pytest.mark.parametrize("body", [*ERF.values(), *TANH.values()], ids=[*ERF, *TANH])
def test_the_operator_is_as_near_to_float64_as_what_it_stands_for(tiny, rewritten, body):
    model = tiny(body, {"x": (1, 1, 2001)}, {"y": (1, 1, 2001)}, scalars())
    x = np.linspace(-12, 12, 2001).reshape(1, 1, -1)
    exact = torch.nn.functional.gelu(
        torch.from_numpy(x), approximate="none" if "Erf" in body else "tanh"
    ).numpy()
    after = rewritten(model, "gelu").model
    for each in (model, after):
        (found,) = execute(each.SerializeToString(), {"x": x.astype(np.float32)}).values()
        assert abs(found - exact).max() <= 1e-6 * abs(exact).max()


def test_what_comes_before_may_be_arithmetic_too(tiny, rewritten):
    body = f"a = Mul(u, two) x = Add(a, one) {ERF['half of the sum']}"
    done = rewritten(tiny(body, {"u": (2, 3, 4)}, OUT, scalars()), "gelu")
    assert done.ops == {"Add": 1, "Gelu": 1, "Mul": 1}


def test_what_comes_behind_stays(tiny, rewritten):
    body = f"{ERF['half of the sum'].replace('y =', 'g =')} w = Mul(g, two) y = Add(w, g)"
    done = rewritten(tiny(body, SHAPE, OUT, scalars()), "gelu")
    assert done.ops == {"Add": 1, "Gelu": 1, "Mul": 1}


def test_what_something_else_reads_before_the_erf_stays_for_it(tiny, rewritten):
    body = f"{ERF['PyTorch order']} z = Relu(h)"
    done = rewritten(tiny(body, SHAPE, {**OUT, "z": (2, 3, 4)}, scalars()), "gelu")
    assert done.ops == {"Gelu": 1, "Mul": 1, "Relu": 1}


def test_two_of_one_value_are_two(tiny, rewritten):
    second = "o = Mul(x, inverse) q = Erf(o) r = Add(q, one) s = Mul(x, r) w = Mul(s, half)"
    first = ERF["half of the sum"].replace("y =", "g =")
    done = rewritten(tiny(f"{first} {second} y = Add(g, w)", SHAPE, OUT, scalars()), "gelu")
    assert (done.count, done.ops) == (2, {"Add": 1, "Gelu": 2})


PLAIN = ERF["half of the sum"]
LEFT = {
    "not divided by the root": (PLAIN, {"root": 1.0}),
    "a root of three digits": (PLAIN, {"root": 1.414}),
    "not halved": (PLAIN, {"half": 1.0}),
    "another cube": (TANH["cubed"], {"part": 0.0447}),
    "another power": (TANH["cubed"], {"three": 2.0}),
    "another rate": (TANH["cubed"], {"rate": 0.8}),
    "QuickGELU": ("d = Mul(x, two) e = Sigmoid(d) y = Mul(x, e)", {"two": 1.702}),
    "SiLU": ("e = Sigmoid(x) y = Mul(x, e)", {}),
    "only the distribution": ("d = Div(x, root) e = Erf(d) p = Add(e, one) y = Mul(p, half)", {}),
    "another value outside": (
        "d = Div(x, root) e = Erf(d) p = Add(e, one) o = Exp(x) h = Mul(o, half) y = Mul(h, p)",
        {},
    ),
    "the sum is read twice": (f"{PLAIN.replace('y =', 'g =')} r = Relu(p) y = Add(g, r)", {}),
    "the erf is read twice": (f"{PLAIN.replace('y =', 'g =')} r = Relu(e) y = Add(g, r)", {}),
    "no bent function": ("d = Div(x, root) y = Mul(d, half)", {}),
}


@pytest.mark.parametrize(("body", "others"), LEFT.values(), ids=LEFT)
def test_anything_else_stays(tiny, rewritten, body, others):
    done = rewritten(tiny(body, SHAPE, OUT, scalars(**others)), "gelu")
    assert done.count == 0
    assert "Gelu" not in done.ops


def test_a_constant_per_channel_is_no_scalar(tiny, rewritten, weights):
    given = {**scalars(), "root": np.array([ROOT, ROOT, ROOT, 1.4], np.float32)}
    assert rewritten(tiny(PLAIN, SHAPE, OUT, given), "gelu").count == 0


def test_a_constant_that_adds_axes_is_none_of_it(tiny, rewritten):
    model = tiny(PLAIN, SHAPE, {"y": (1, 2, 3, 4)}, scalars((1, 1, 1, 1)))
    assert rewritten(model, "gelu").count == 0


def test_a_sum_that_is_a_graph_output_stays(tiny, rewritten):
    assert rewritten(tiny(PLAIN, SHAPE, {**OUT, "p": (2, 3, 4)}, scalars()), "gelu").count == 0


def test_there_is_no_such_operator_before_opset_20(tiny):
    import onnx_ir as ir

    from exporters.passes import passes

    graph = ir.from_proto(tiny(PLAIN, SHAPE, OUT, scalars()))
    graph.opset_imports[""] = 19
    assert passes()["gelu"].apply(graph) == 0
    graph.opset_imports[""] = 20
    assert passes()["gelu"].apply(graph) == 1


@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple),
    body=st.sampled_from([*ERF.values(), *TANH.values()]),
    seed=st.integers(0, 99),
)
def test_any_shape_keeps_its_outputs(tiny, rewritten, *, shape, body, seed):
    done = rewritten(tiny(body, {"x": shape}, {"y": shape}, scalars()), "gelu", seed)
    assert (done.count, done.ops) == (1, {"Gelu": 1})


MODULES = {
    "0.5 x (1 + erf)": lambda x: 0.5 * x * (1 + torch.erf(x / ROOT)),
    "ndtr": lambda x: x * torch.special.ndtr(x),
    "torch.sqrt": lambda x: x * 0.5 * (1 + torch.erf(x / torch.sqrt(torch.tensor(2.0)))),
    "tanh": lambda x: 0.5 * x * (1 + torch.tanh(RATE * (x + 0.044715 * torch.pow(x, 3)))),
    "tanh, x taken out": lambda x: 0.5 * x * (1 + torch.tanh(x * 0.7978845608 * (1 + 0.044715 * x * x))),
}


@pytest.mark.parametrize("function", MODULES.values(), ids=MODULES)
def test_what_torch_exports_is_found(export, small, pair, function):
    artifact = export(small(lambda linear, x: linear(function(linear(x)))), pair)
    nodes = artifact.manifest["nodes"]
    assert "Gelu" not in nodes["cleaned"]
    assert nodes["simplified"] == {"Gelu": 1, "Gemm": 2}
    assert artifact.manifest["parity"]["simplified"]["max_rel"] <= 1e-6


def test_below_opset_20_what_torch_exports_stays_as_it_is(export, small, pair):
    artifact = export(small(lambda linear, x: linear(MODULES["tanh"](linear(x)))), pair, opset=18)
    assert "Tanh" in artifact.manifest["nodes"]["simplified"]
