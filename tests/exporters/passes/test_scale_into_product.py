import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

import exporters
from exporters.execute import execute

TOKENS = {"x": (2, 5, 3)}
HEADS = "r = Reshape(l, heads) t = Transpose<perm=[2, 0, 3, 1, 4]>(r)"
LINEAR = "m = MatMul(x, w) l = Add(m, b)"
QUERY = "f = Slice(t, zero, one, zero) q = Squeeze(f, zero)"
KEY = "g = Slice(t, one, two, zero) k = Squeeze(g, zero)"
VALUE = "h = Slice(t, two, three, zero) v = Squeeze(h, zero)"
PER_HEAD = (2, 2, 5, 4)


def constants(weights, **others):
    held = {name: np.array([place], np.int64) for place, name in enumerate(("zero", "one", "two", "three"))}
    held |= {"heads": np.array([2, 5, 3, 2, 4]), "half": np.array(0.5, np.float32)}
    return held | {"w": weights(3, 24), "b": weights(24, seed=1), "third": weights(1, 1, seed=2)} | others


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (f"{LINEAR} {HEADS} {QUERY} {KEY} u = Mul(q, half) y = Sub(u, k)", 1),
        (f"{LINEAR} {HEADS} {QUERY} {KEY} u = Mul(third, q) j = Mul(k, half) y = Sub(u, j)", 2),
        (f"l = MatMul(x, w) {HEADS} {QUERY} {KEY} u = Mul(q, half) y = Sub(u, k)", 1),
        (f"m = MatMul(x, w) l = Add(b, m) {HEADS} {QUERY} {KEY} {VALUE} u = Mul(q, half) a = Sub(u, k) "
         "y = Add(a, v)", 1),
        ("m = MatMul(x, w) l = Add(m, b) p, q, k = Split<axis=2, num_outputs=3>(l) c = Mul(q, half) "
         "d = Sub(p, c) e = Sub(d, k) r = Reshape(e, image) y = Transpose<perm=[0, 2, 1, 3]>(r)", 1),
    ],
    ids=["queries", "queries and keys", "no bias", "values as they are", "a split"],
)  # fmt: skip
def test_the_scale_reaches_the_columns_it_scales(tiny, rewritten, weights, body, count):
    given = constants(weights, image=np.array([2, 5, 2, 4]))
    done = rewritten(tiny(body, TOKENS, {"y": PER_HEAD}, given), "scale_into_product")
    assert done.count == count
    assert "Mul" not in done.ops


def test_a_convolution_takes_it_by_its_output_channels(tiny, rewritten, weights):
    body = (
        "c = Conv(x, w, b) r = Reshape(c, parts) f = Slice(r, zero, one, one) g = Slice(r, one, two, one) "
        "q = Mul(f, half) y = Sub(q, g)"
    )
    given = constants(weights, w=weights(8, 3, 1, 1), b=weights(8), parts=np.array([2, 2, 4, 30]))
    done = rewritten(tiny(body, {"x": (2, 3, 5, 6)}, {"y": (2, 1, 4, 30)}, given), "scale_into_product")
    assert done.count == 1
    assert "Mul" not in done.ops


LEFT = {
    "another reader of the queries": f"{LINEAR} {HEADS} {QUERY} u = Mul(q, half) y = Sub(u, q)",
    "another reader of all": f"{LINEAR} {HEADS} {QUERY} u = Mul(q, half) e = Exp(t) "
    "z = ReduceSum<keepdims=0>(e) y = Add(u, z)",
    "a product of two inputs": f"l = MatMul(x, x2) {HEADS} {QUERY} u = Mul(q, half) y = Neg(u)",
    "a factor per head": f"{LINEAR} {HEADS} {QUERY} u = Mul(q, column) y = Neg(u)",
    "a factor that is computed": f"{LINEAR} {HEADS} {QUERY} e = Exp(half) u = Mul(q, e) y = Neg(u)",
    "no product": "r = Reshape(x2, whole) u = Mul(r, half) y = Neg(u)",
    "something between": f"{LINEAR} {HEADS} {QUERY} e = Exp(q) u = Mul(e, half) y = Neg(u)",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_anything_else_stays(tiny, rewritten, weights, body):
    given = constants(weights, column=weights(2, 1, 1, seed=5), whole=np.array(PER_HEAD))
    shapes = TOKENS | ({"x2": (2, 3, 24)} if "MatMul(x, x2)" in body else {})
    shapes |= {"x2": (4, 20)} if "Reshape(x2" in body else {}
    done = rewritten(tiny(body, shapes, {"y": PER_HEAD}, given), "scale_into_product")
    assert done.count == 0
    assert done.ops["Mul"] == 1


def test_a_product_that_is_an_output_stays_as_it_is(tiny, rewritten, weights):
    body = f"{LINEAR} {HEADS} {QUERY} u = Mul(q, half) y = Neg(u)"
    outputs = {"y": PER_HEAD, "l": (2, 5, 24)}
    assert rewritten(tiny(body, TOKENS, outputs, constants(weights)), "scale_into_product").count == 0


@settings(max_examples=15, deadline=None)
@given(
    split=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(0, 2)),
    scale=st.floats(0.0625, 4, width=32),
)
def test_any_part_of_any_heads(split, scale, tiny, rewritten, weights):
    heads, channels, part = split
    body = f"{LINEAR} {HEADS} f = Slice(t, from, to, zero) q = Squeeze(f, zero) u = Mul(q, half) "
    body += "o = Slice(t, from2, to2, zero) n = Squeeze(o, zero) y = Sub(u, n)"
    held = constants(weights, w=weights(3, 3 * heads * channels), b=weights(3 * heads * channels))
    held |= {"heads": np.array([2, 5, 3, heads, channels]), "half": np.array(scale, np.float32)}
    other = (part + 1) % 3
    places = {"from": part, "to": part + 1, "from2": other, "to2": other + 1}
    held |= {name: np.array([place], np.int64) for name, place in places.items()}
    shape = (2, heads, 5, channels)
    assert rewritten(tiny(body, TOKENS, {"y": shape}, held), "scale_into_product").count == 1


class Attention(torch.nn.Module):
    """Attention of 2 heads; `by_hand` as it is written without scaled_dot_product_attention."""

    def __init__(self, by_hand):
        super().__init__()
        self.by_hand = by_hand
        self.qkv = torch.nn.Linear(8, 24)
        self.proj = torch.nn.Linear(8, 8)

    def forward(self, x):
        q, k, v = self.qkv(x).reshape(2, 5, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        if self.by_hand:
            mixed = ((q * 0.5) @ k.transpose(-2, -1)).softmax(-1) @ v
        else:
            mixed = F.scaled_dot_product_attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).reshape(2, 5, 8))


@pytest.mark.parametrize("by_hand", [False, True])
def test_attention_as_torch_exports_it(tmp_path, by_hand):
    torch.manual_seed(0)
    module, x = Attention(by_hand).eval(), torch.randn(2, 5, 8)
    made = exporters.export(module, (x,), name="attention", output=tmp_path, target="openvino")
    nodes = made.manifest["nodes"]
    assert nodes["cleaned"]["Mul"] == (1 if by_hand else 2)
    assert "Mul" not in nodes["simplified"]
    exact = module.double()(x.double()).detach().numpy()
    (found,) = execute(str(made.path), {made.manifest["inputs"][0]["name"]: x.numpy()}).values()
    assert np.abs(found - exact).max() <= 1e-6 * np.abs(exact).max()
