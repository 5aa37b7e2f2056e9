import pytest

IMAGE = {"x": (2, 4, 6, 8)}
OUT = {"y": (2, 6, 6, 8)}
POOLED = {"y": (2, 6, 3, 2)}
ONE = {"y": (2, 6, 1, 1)}


def constants(weights):
    return {
        "w": weights(6, 4, 1, 1),
        "v": weights(6, 4, 1, 1, seed=1),
        "b": weights(6, seed=2),
        "grouped": weights(6, 2, 1, 1, seed=3),
        "long": weights(6, 4, 3, 1, seed=4),
        "k": weights(4, 4, 1, 1, seed=5),
        "s": weights(4, 1, 1, seed=6),
        "t": weights(1, 4, 1, 1, seed=7),
        "one": weights(1, seed=8),
        "each": weights(4, 6, 8, seed=9),
        "column": weights(8, seed=10),
    }


POOL = "AveragePool<kernel_shape=[2, 4], strides=[2, 4]>"
SCALED = "r = Relu(x) m = Mul(r, s) a = Add(t, m)"


@pytest.mark.parametrize(
    "case",
    [
        (f"{SCALED} y = Conv(a, w, b)", OUT, 2),
        (f"{SCALED} y = Conv<group=2>(a, grouped)", OUT, 2),
        (f'{SCALED} y = Conv<auto_pad="NOTSET", pads=[0, 0, 0, 0]>(a, w)', OUT, 2),
        (f"{SCALED} c = Conv(a, w, b) d = Conv(a, v) y = Add(c, d)", OUT, 2),
        ("r = Relu(x) m = Mul(s, r) y = Conv(m, w)", OUT, 1),
        ("r = Relu(x) m = Add(r, t) c = Conv(m, w) d = Conv(r, v) y = Add(c, d)", OUT, 1),
        (f"{SCALED} p = {POOL}(a) y = Conv(p, w, b)", POOLED, 2),
        (f"{SCALED} p = GlobalAveragePool(a) y = Conv(p, w, b)", ONE, 2),
        (f"{SCALED} p = {POOL}(a) q = GlobalAveragePool(p) y = Conv(q, w, b)", ONE, 2),
        (f"{SCALED} p = GlobalAveragePool(a) c = Conv(p, w) d = Conv(a, v, b) y = Add(c, d)", OUT, 2),
    ],
    ids=[
        "scale and shift",
        "in groups",
        "padding stated as none",
        "two readers",
        "a scale alone",
        "its input has another reader",
        "through a pooling",
        "through a global one",
        "through two",
        "one reader pooled, one not",
    ],
)
def test_goes_into_the_convolutions_that_read_it(tiny, rewritten, weights, case):
    body, out, count = case
    done = rewritten(tiny(body, IMAGE, out, constants(weights)), "affine_into_conv")
    assert done.count == count
    kept = 1 if out is OUT and "c = Conv" in body else 0
    assert done.ops.get("Mul", 0) + done.ops.get("Add", 0) == kept


LEFT = {
    "a padded convolution": "r = Relu(x) m = Mul(r, s) y = Conv<pads=[1, 0, 1, 0]>(m, long, b)",
    "a pooling that pads": "r = Relu(x) m = Add(r, t) p = AveragePool<kernel_shape=[3, 3], "
    "pads=[1, 1, 1, 1], count_include_pad=1>(m) y = Conv(p, w)",
    "a largest value": "r = Relu(x) m = Mul(r, s) p = MaxPool<kernel_shape=[1, 1]>(m) y = Conv(p, w)",
    "another operator reads it too": "r = Relu(x) m = Mul(r, s) a = Conv(m, w) c = Relu(m) d = Conv(c, v) "
    "y = Add(a, d)",
    "it follows a convolution": "r = Conv(x, k) m = Mul(r, s) y = Conv(m, w)",
    "a scalar": "r = Relu(x) m = Mul(r, one) y = Conv(m, w)",
    "it differs by place": "r = Relu(x) m = Mul(r, each) y = Conv(m, w)",
    "it lies along the columns": "r = Relu(x) m = Mul(r, column) y = Conv(m, w)",
    "the weight is computed": "r = Relu(x) m = Mul(r, s) u = Exp(w) y = Conv(m, u)",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_stays_where_it_does_not_belong(tiny, rewritten, weights, body):
    assert rewritten(tiny(body, IMAGE, OUT, constants(weights)), "affine_into_conv").count == 0


def test_stays_before_an_output_of_the_graph(tiny, rewritten, weights):
    body = "r = Relu(x) z = Mul(r, s) y = Conv(z, w)"
    done = rewritten(tiny(body, IMAGE, OUT | {"z": (2, 4, 6, 8)}, constants(weights)), "affine_into_conv")
    assert done.count == 0
