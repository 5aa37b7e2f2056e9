import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import exporters

IMAGE = {"x": (2, 3, 4, 5)}
OUT = {"y": (2, 3, 4, 5)}
LAST = "u = Relu(x) a = Transpose<perm=[0, 2, 3, 1]>(u)"
FIRST = "b = Transpose<perm=[0, 3, 1, 2]>(e) y = Neg(b)"


def constants(weights):
    return {"c": weights(3), "row": weights(4, 1, 1, seed=1), "half": np.array(0.5, np.float32)}


@pytest.mark.parametrize(
    "body",
    [
        f"{LAST} e = Sigmoid(a) {FIRST}",
        f"{LAST} d = Mul(a, c) e = Gelu(d) {FIRST}",
        f"{LAST} d = Sub(c, a) f = Div(d, row) e = Add(half, f) {FIRST}",
        "a = Transpose<perm=[0, 2, 3, 1]>(x) e = Tanh(a) y = Transpose<perm=[0, 3, 1, 2]>(e)",
    ],
    ids=["unary", "a scale per channel", "constants of every shape", "from input to output"],
)
def test_both_transposes_are_gone(tiny, rewritten, weights, body):
    done = rewritten(tiny(body, IMAGE, OUT, constants(weights)), "cancel_transposes")
    assert done.count == 1
    assert "Transpose" not in done.ops


LEFT = {
    "nothing between": f"{LAST} {FIRST.replace('(e)', '(a)')}",
    "another permutation": f"{LAST} e = Exp(a) b = Transpose<perm=[0, 2, 3, 1]>(e) r = Reshape(b, image) "
    "y = Neg(r)",
    "another reader between": f"{LAST} d = Exp(a) e = Sigmoid(d) {FIRST.replace('y', 'z')} "
    "s = ReduceSum<keepdims=0>(d) y = Add(z, s)",
    "a softmax between": f"{LAST} e = Softmax(a) {FIRST}",
    "two computed values": f"{LAST} d = Exp(a) e = Mul(a, d) {FIRST}",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_anything_else_stays(tiny, rewritten, weights, body):
    held = constants(weights) | {"image": np.array([2, 3, 4, 5])}
    assert rewritten(tiny(body, IMAGE, OUT, held), "cancel_transposes").count == 0


@settings(max_examples=20, deadline=None)
@given(
    perm=st.sampled_from(list(itertools.permutations(range(3)))),
    varies=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_any_permutation_and_any_constant(perm, varies, tiny, rewritten, weights):
    shape = (2, 3, 4)
    turned = [shape[axis] for axis in perm]
    back = np.argsort(perm).tolist()
    body = f"a = Transpose<perm={list(perm)}>(x) e = Mul(a, c) b = Transpose<perm={back}>(e) y = Neg(b)"
    held = {"c": weights(*(size if along else 1 for size, along in zip(turned, varies, strict=True)))}
    done = rewritten(tiny(body, {"x": shape}, {"y": shape}, held), "cancel_transposes")
    assert done.count == 1
    assert "Transpose" not in done.ops


class Scaled(torch.nn.Module):
    """An activation and a scale per channel, channels last, between two convolutions."""

    def __init__(self):
        super().__init__()
        self.enter, self.leave = torch.nn.Conv2d(3, 6, 3), torch.nn.Conv2d(6, 3, 3)
        self.scale = torch.nn.Parameter(torch.linspace(0.5, 2, 6))

    def forward(self, x):
        y = torch.sigmoid(self.enter(x).permute(0, 2, 3, 1)) * self.scale
        return self.leave(y.permute(0, 3, 1, 2))


def test_the_pair_as_torch_exports_it(tmp_path):
    torch.manual_seed(0)
    made = exporters.export(
        Scaled(), (torch.randn(2, 3, 8, 8),), name="scaled", output=tmp_path, target="openvino"
    )
    nodes = made.manifest["nodes"]
    assert nodes["cleaned"]["Transpose"] == 2
    assert "Transpose" not in nodes["simplified"]
