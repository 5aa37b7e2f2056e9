import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

HALVES = "a = Conv<group=2>(x, u, p) b = Conv(x, v, q) c = Concat<axis=1>(a, b)"
IMAGE = {"x": (2, 2, 3, 4)}
OUT = {"y": (2, 5, 3, 4)}


def constants(weights):
    return {
        "u": weights(2, 1, 1, 1),
        "p": weights(2, seed=1),
        "v": weights(3, 2, 1, 1, seed=2),
        "q": weights(3, seed=3),
        "scale": weights(5, seed=4),
        "shift": weights(5, seed=5),
        "mean": weights(5, seed=6),
        "variance": np.abs(weights(5, seed=7)) + 0.5,
        "s": weights(1, 5, 1, 1, seed=8),
        "t": weights(5, 1, 1, seed=9),
        "one": weights(1, seed=10),
        "last": weights(4, seed=11),
    }


NORM = "n = BatchNormalization<epsilon=0.001>(c, scale, shift, mean, variance)"


def only_convolutions(done):
    return set(done.ops) <= {"Conv", "Concat", "Relu"}


@pytest.mark.parametrize(
    ("behind", "count"),
    [
        (f"{NORM} y = Relu(n)", 1),
        (f"{NORM} m = Mul(n, s) k = Add(t, m) y = Relu(k)", 3),
        ("m = Mul(c, one) y = Relu(m)", 1),
        ("y = BatchNormalization(c, scale, shift, mean, variance)", 1),
    ],
    ids=["norm", "norm, scale and shift", "a scalar", "norm at the end, epsilon unstated"],
)
def test_folds_into_every_part(tiny, rewritten, weights, behind, count):
    done = rewritten(tiny(f"{HALVES} {behind}", IMAGE, OUT, constants(weights)), "norm_through_concat")
    assert done.count == count
    assert only_convolutions(done)


def test_gives_convolutions_without_a_bias_one(tiny, rewritten, weights):
    body = f"a = Conv<group=2>(x, u) b = Conv(x, v) c = Concat<axis=-3>(a, b) {NORM} y = Relu(n)"
    done = rewritten(tiny(body, IMAGE, OUT, constants(weights)), "norm_through_concat")
    assert done.count == 1
    assert [len(node.input) for node in done.nodes("Conv")] == [3, 3]


LEFT = {
    "a part is no convolution": f"a = Relu(x) b = Conv(x, v) c = Concat<axis=1>(a, b) {NORM} y = Relu(n)",
    "a part has another reader": f"{HALVES} {NORM} r = Relu(n) d = Concat<axis=1>(a, b) y = Add(r, d)",
    "the weight is computed": "w = Exp(v) a = Conv<group=2>(x, u) b = Conv(x, w) c = Concat<axis=1>(a, b) "
    f"{NORM} y = Relu(n)",
    "the join has another reader": f"{HALVES} {NORM} y = Add(n, c)",
    "the scale is computed": f"{HALVES} k = Exp(s) m = Mul(c, k) y = Relu(m)",
    "the shift varies along a row": f"{HALVES} m = Add(c, last) y = Relu(m)",
    "the product is with itself": f"{HALVES} y = Mul(c, c)",
    "nothing linear follows": f"{HALVES} y = Relu(c)",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_leaves_alone_where(tiny, rewritten, weights, body):
    assert rewritten(tiny(body, IMAGE, OUT, constants(weights)), "norm_through_concat").count == 0


def test_leaves_a_join_along_another_axis_alone(tiny, rewritten, weights):
    body = "a = Conv(x, v) b = Conv(x, v) c = Concat<axis=2>(a, b) m = Mul(c, one) y = Relu(m)"
    done = rewritten(tiny(body, IMAGE, {"y": (2, 3, 6, 4)}, constants(weights)), "norm_through_concat")
    assert done.count == 0


def test_leaves_a_join_that_is_an_output_alone(tiny, rewritten, weights):
    model = tiny(f"{HALVES} {NORM} y = Relu(n)", IMAGE, OUT | {"c": (2, 5, 3, 4)}, constants(weights))
    assert rewritten(model, "norm_through_concat").count == 0


@given(first=st.integers(1, 4), second=st.integers(1, 4), seed=st.integers(0, 99))
def test_any_split_of_the_channels_keeps_the_outputs(tiny, rewritten, first, second, seed):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    total = first + second
    body = f"a = Conv(x, u, p) b = Conv(x, v) c = Concat<axis=1>(a, b) {NORM} y = Relu(n)"
    given = {"u": draw(first, 2, 1, 1), "p": draw(first), "v": draw(second, 2, 1, 1)}
    given |= {name: draw(total) for name in ("scale", "shift", "mean")}
    given["variance"] = np.abs(draw(total)) + 0.1
    done = rewritten(tiny(body, IMAGE, {"y": (2, total, 3, 4)}, given), "norm_through_concat", seed)
    assert done.count == 1
