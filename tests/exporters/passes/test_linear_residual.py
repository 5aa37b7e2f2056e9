import numpy as np
import pytest

IMAGE = {"x": (2, 4, 3, 5)}
OUT = {"y": (2, 4, 3, 5)}
NORM = "n = BatchNormalization<epsilon=0.001>(x, scale, shift, mean, variance)"
BRANCH = f"{NORM} u = Relu(n) c = Conv<pads=[1, 0, 1, 0]>(u, w, b)"


def constants(weights):
    return {
        "w": weights(4, 4, 3, 1),
        "b": weights(4, seed=2),
        "s": weights(4, 1, 1, seed=3),
        "half": np.array(0.5, np.float32),
        "column": weights(5, seed=4),
        "scale": weights(4, seed=6),
        "shift": weights(4, seed=7),
        "mean": weights(4, seed=8),
        "variance": np.abs(weights(4, seed=9)) + 0.5,
    }


@pytest.mark.parametrize(
    "body",
    [
        f"{BRANCH} a = Add(c, n) m = Mul(s, a) y = Add(x, m)",
        f"{BRANCH} a = Add(n, c) m = Mul(a, s) y = Add(m, x)",
        f"{BRANCH} a = Add(c, n) m = Mul(half, a) y = Add(x, m)",
        f"{NORM} u = Relu(x) c = Conv<group=1>(u, k) a = Add(c, n) m = Mul(s, a) y = Add(x, m)",
    ],
    ids=["VAN's block", "the terms the other way round", "one scale for all", "no bias, norm read once"],
)
def test_the_shortcuts_become_one_norm_and_the_convolution_takes_the_scale(tiny, rewritten, weights, body):
    given = constants(weights) | {"k": weights(4, 4, 1, 1, seed=5)}
    done = rewritten(tiny(body, IMAGE, OUT, given), "linear_residual")
    assert done.count == 1
    assert (done.ops["Add"], done.ops["Conv"]) == (1, 1)
    assert "Mul" not in done.ops
    assert done.ops["BatchNormalization"] == (2 if "Relu(n)" in body else 1)


LEFT = {
    "the norm is of something else": "e = Exp(x) n = BatchNormalization(e, scale, shift, mean, variance) "
    "u = Relu(n) c = Conv<pads=[1, 0, 1, 0]>(u, w, b) a = Add(c, n) m = Mul(s, a) y = Add(x, m)",
    "no norm": "u = Relu(x) c = Conv<pads=[1, 0, 1, 0]>(u, w, b) a = Add(c, u) m = Mul(s, a) y = Add(x, m)",
    "the branch has another reader": f"{BRANCH} a = Add(c, n) m = Mul(s, a) d = Add(x, m) y = Add(d, a)",
    "the convolution has another reader": f"{BRANCH} a = Add(c, n) m = Mul(s, a) d = Add(x, m) y = Add(d, c)",
    "the scaled branch has another reader": f"{BRANCH} a = Add(c, n) m = Mul(s, a) d = Add(x, m) "
    "y = Add(d, m)",
    "a scale by column": f"{BRANCH} a = Add(c, n) m = Mul(column, a) y = Add(x, m)",
    "a scale that is computed": f"{BRANCH} a = Add(c, n) e = Exp(s) m = Mul(e, a) y = Add(x, m)",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_anything_else_stays(tiny, rewritten, weights, body):
    done = rewritten(tiny(body, IMAGE, OUT, constants(weights)), "linear_residual")
    assert done.count == 0
    assert done.ops["Mul"] == 1
