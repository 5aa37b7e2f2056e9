import numpy as np
import pytest

IMAGE = {"x": (2, 4, 3, 5)}
OUT = {"y": (2, 6, 3, 5)}
NORM = "n = BatchNormalization<epsilon=0.001>(r, scale, shift, mean, variance)"


def constants(weights):
    return {
        "w": weights(6, 4, 1, 1),
        "v": weights(6, 4, 1, 1, seed=1),
        "b": weights(6, seed=2),
        "grouped": weights(6, 2, 1, 1, seed=3),
        "long": weights(6, 4, 3, 1, seed=4),
        "k": weights(4, 4, 1, 1, seed=5),
        "scale": weights(4, seed=6),
        "shift": weights(4, seed=7),
        "mean": weights(4, seed=8),
        "variance": np.abs(weights(4, seed=9)) + 0.5,
    }


@pytest.mark.parametrize(
    "body",
    [
        f"r = Relu(x) {NORM} y = Conv(n, w, b)",
        f"r = Relu(x) {NORM} y = Conv(n, w)",
        f"r = Relu(x) {NORM} y = Conv<group=2>(n, grouped, b)",
        f"r = Relu(x) {NORM} a = Conv(n, w, b) c = Conv(n, v) y = Add(a, c)",
        f"r = Relu(x) {NORM} a = Conv(n, w, b) c = Conv(r, v) y = Add(a, c)",
        f'r = Relu(x) {NORM} y = Conv<auto_pad="NOTSET", pads=[0, 0, 0, 0]>(n, w, b)',
    ],
    ids=["with a bias", "without", "in groups", "two readers", "its input has another reader", "stated"],
)
def test_goes_into_the_convolutions_that_read_it(tiny, rewritten, weights, body):
    done = rewritten(tiny(body, IMAGE, OUT, constants(weights)), "norm_into_conv")
    assert done.count == 1
    assert "BatchNormalization" not in done.ops


LEFT = {
    "a padded one": f"r = Relu(x) {NORM} y = Conv<pads=[1, 0, 1, 0]>(n, long, b)",
    "an automatically padded one": f'r = Relu(x) {NORM} y = Conv<auto_pad="SAME_UPPER">(n, w, b)',
    "another operator reads it too": f"r = Relu(x) {NORM} a = Conv(n, w, b) c = Relu(n) d = Conv(c, v) "
    "y = Add(a, d)",
    "it follows a convolution": f"r = Conv(x, k) {NORM} y = Conv(n, w, b)",
    "the weight is computed": f"r = Relu(x) {NORM} u = Exp(w) y = Conv(n, u, b)",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_stays_where_it_does_not_belong(tiny, rewritten, weights, body):
    done = rewritten(tiny(body, IMAGE, OUT, constants(weights)), "norm_into_conv")
    assert done.count == 0
    assert "BatchNormalization" in done.ops
