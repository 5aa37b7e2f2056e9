import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

X = {"x": (1, 3, 5, 5)}
Y = {"y": (1, 4, 5, 5)}
MIDDLE = "Conv<group=6, pads=[1,1,1,1]>"
FIRST = f"a = Conv(x, w, b) c = Gelu(a) d = {MIDDLE}(c, k, e) f = Gelu(d) y = Conv(f, v, h)"
LAST = (
    "a = MatMul(x, w) o = Add(a, b) c = Gelu(o) t = Transpose<perm=[0,3,1,2]>(c) "
    f"d = {MIDDLE}(t, k, e) f = Gelu(d) u = Transpose<perm=[0,2,3,1]>(f) y = MatMul(u, v)"
)


def first(weights):
    """Return constants for 3 -> 6 -> depthwise -> 4 channels, channels first."""
    return {
        "w": weights(6, 3, 1, 1),
        "b": weights(6, seed=1),
        "k": weights(6, 1, 3, 3, seed=2),
        "e": weights(6, seed=3),
        "v": weights(4, 6, 1, 1, seed=4),
        "h": weights(4, seed=5),
    }


def last(weights):
    """Return the same for channels last."""
    return first(weights) | {"w": weights(3, 6), "v": weights(6, 4, seed=4)}


def depthwise(done):
    """Return the groups and the weight's shape of the convolution that was depthwise."""
    found = {
        attribute.i: done.constant(node.input[1]).shape
        for node in done.nodes("Conv")
        for attribute in node.attribute
        if attribute.name == "group" and attribute.i > 1
    }
    ((groups, shape),) = found.items()
    return groups, shape


def test_pads_between_convolutions(tiny, rewritten, weights):
    done = rewritten(tiny(FIRST, X, Y, first(weights)), "pad_depthwise")
    assert done.count == 1
    assert done.ops == {"Conv": 3, "Gelu": 2}
    assert depthwise(done) == (16, (16, 1, 3, 3))


def test_pads_between_matmuls(tiny, rewritten, weights):
    done = rewritten(tiny(LAST, {"x": (1, 5, 5, 3)}, {"y": (1, 5, 5, 4)}, last(weights)), "pad_depthwise")
    assert done.count == 1
    assert depthwise(done) == (16, (16, 1, 3, 3))


@pytest.mark.parametrize("bias", [(1,), (), (5, 1), (5, 6)])
def test_pads_below_any_constant_sum(tiny, rewritten, weights, bias):
    constants = last(weights) | {"b": weights(*bias, seed=1)}
    done = rewritten(tiny(LAST, {"x": (1, 5, 5, 3)}, {"y": (1, 5, 5, 4)}, constants), "pad_depthwise")
    assert done.count == 1


def test_pads_where_no_layer_has_a_bias(tiny, rewritten, weights):
    body = f"a = Conv(x, w) d = {MIDDLE}(a, k) y = Conv(d, v)"
    done = rewritten(tiny(body, X, Y, first(weights)), "pad_depthwise")
    assert depthwise(done) == (16, (16, 1, 3, 3))


def test_pads_two_in_a_row_of_blocks(tiny, rewritten, weights):
    body = f"{FIRST} g = Conv(y, w2, b) i = {MIDDLE}(g, k, e) z = Conv(i, v, h)"
    constants = first(weights) | {"w2": weights(6, 4, 1, 1, seed=7)}
    done = rewritten(tiny(body, X, {"z": (1, 4, 5, 5)}, constants), "pad_depthwise")
    assert done.count == 2


def test_whole_fours_are_left_alone(tiny, rewritten, weights):
    constants = first(weights) | {
        "w": weights(8, 3, 1, 1),
        "b": weights(8, seed=1),
        "k": weights(8, 1, 3, 3, seed=2),
        "e": weights(8, seed=3),
        "v": weights(4, 8, 1, 1, seed=4),
    }
    model = tiny(FIRST.replace("group=6", "group=8"), X, Y, constants)
    assert rewritten(model, "pad_depthwise").count == 0


FIRSTS = {
    "f(0) is not 0 before": f"a = Conv(x, w, b) c = Sigmoid(a) d = {MIDDLE}(c, k, e) y = Conv(d, v, h)",
    "f(0) is not 0 after": f"a = Conv(x, w, b) d = {MIDDLE}(a, k, e) f = Exp(d) y = Conv(f, v, h)",
    "the input is read twice": f"a = Conv(x, w, b) c = Gelu(a) d = {MIDDLE}(c, k, e) "
    "g = Add(d, c) y = Conv(g, v, h)",
    "the source is read twice": f"a = Conv(x, w, b) c = Gelu(a) d = {MIDDLE}(c, k, e) f = Conv(d, v, h) "
    "g = Conv(a, v, h) y = Add(f, g)",
    "the result is read twice": f"a = Conv(x, w, b) d = {MIDDLE}(a, k, e) "
    "f = Conv(d, v, h) g = Conv(d, v, h) y = Add(f, g)",
    "the depthwise weight is computed": f"a = Conv(x, w, b) l = Exp(k) d = {MIDDLE}(a, l, e) "
    "y = Conv(d, v, h)",
    "the depthwise bias is computed": f"a = Conv(x, w, b) l = Exp(e) d = {MIDDLE}(a, k, l) y = Conv(d, v, h)",
    "the source's weight is computed": f"l = Exp(w) a = Conv(x, l, b) d = {MIDDLE}(a, k, e) "
    "y = Conv(d, v, h)",
    "the reader's weight is computed": f"a = Conv(x, w, b) d = {MIDDLE}(a, k, e) "
    "l = Exp(v) y = Conv(d, l, h)",
    "nothing linear comes before": f"a = Concat<axis=1>(x, x) d = {MIDDLE}(a, k, e) y = Conv(d, v, h)",
    "nothing linear comes after": f"a = Conv(x, w, b) d = {MIDDLE}(a, k, e) "
    "f = MaxPool<kernel_shape=[1,1]>(d) y = Conv(f, v, h)",
}


@pytest.mark.parametrize("body", FIRSTS.values(), ids=FIRSTS)
def test_leaves_channels_first_alone_where(tiny, rewritten, weights, body):
    assert rewritten(tiny(body, X, Y, first(weights)), "pad_depthwise").count == 0


def test_leaves_a_grouped_neighbour_alone(tiny, rewritten, weights):
    body = f"a = Conv<group=3>(x, w, b) d = {MIDDLE}(a, k, e) y = Conv(d, v, h)"
    model = tiny(body, X, Y, first(weights) | {"w": weights(6, 1, 1, 1)})
    assert rewritten(model, "pad_depthwise").count == 0


def test_leaves_grouped_but_not_depthwise_alone(tiny, rewritten, weights):
    model = tiny(
        FIRST.replace("group=6", "group=3"), X, Y, first(weights) | {"k": weights(6, 2, 3, 3, seed=2)}
    )
    assert rewritten(model, "pad_depthwise").count == 0


@pytest.mark.parametrize("output", ["a", "c", "d", "f"])
def test_leaves_a_value_that_is_a_graph_output_alone(tiny, rewritten, weights, output):
    model = tiny(FIRST, X, {**Y, output: (1, 6, 5, 5)}, first(weights))
    assert rewritten(model, "pad_depthwise").count == 0


TURNED = {
    "a convolution lies before a transpose": "a = Conv(x, w, b) t = Transpose<perm=[0,3,1,2]>(a) "
    "d = Conv<group=6, pads=[1,1,1,1]>(t, k, e) y = Conv(d, v, h)",
    "a convolution lies after a transpose": "a = Conv(x, w, b) d = Conv<group=6, pads=[1,1,1,1]>(a, k, e) "
    "t = Transpose<perm=[0,2,3,1]>(d) y = Conv(t, v, h)",
    "a matmul lies directly before": "m = MatMul(x, q) a = Conv(m, w, b) o = MatMul(a, q) "
    "d = Conv<group=6, pads=[1,1,1,1]>(o, k, e) y = Conv(d, v, h)",
    "a matmul lies directly after": "a = Conv(x, w, b) d = Conv<group=6, pads=[1,1,1,1]>(a, k, e) "
    "o = MatMul(d, q) y = Conv(o, v, h)",
}


@pytest.mark.parametrize("body", TURNED.values(), ids=TURNED)
def test_leaves_channels_on_another_axis_alone(tiny, rewritten, weights, body):
    constants = first(weights) | {"q": weights(6, 6, seed=8)}
    model = tiny(body, {"x": (1, 3, 6, 6)}, {"y": (1, 4, 6, 6)}, constants)
    assert rewritten(model, "pad_depthwise").count == 0


@given(
    channels=st.integers(2, 35),
    kernel=st.sampled_from([1, 3, 5]),
    layout=st.sampled_from([FIRST, LAST]),
    seed=st.integers(0, 99),
)
def test_any_block_keeps_its_outputs(tiny, rewritten, *, channels, kernel, layout, seed):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    pad = kernel // 2
    body = layout.replace(MIDDLE, f"Conv<group={channels}, pads=[{pad},{pad},{pad},{pad}]>")
    is_first = layout is FIRST
    constants = {
        "w": draw(channels, 3, 1, 1) if is_first else draw(3, channels),
        "b": draw(channels),
        "k": draw(channels, 1, kernel, kernel),
        "e": draw(channels),
        "v": draw(4, channels, 1, 1) if is_first else draw(channels, 4),
    } | ({"h": draw(4)} if is_first else {})
    given_, made = ((2, 3, 5, 4), (2, 4, 5, 4)) if is_first else ((2, 5, 4, 3), (2, 5, 4, 4))
    done = rewritten(tiny(body, {"x": given_}, {"y": made}, constants), "pad_depthwise", seed)
    assert done.count == (channels % 4 != 0)
    assert depthwise(done)[0] == (channels if channels % 4 == 0 else channels + -channels % 16)
