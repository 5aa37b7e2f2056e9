import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

X, Y = {"x": (1, 3, 4, 6)}, {"y": (1, 6, 12, 6)}
ATTRIBUTES = "group=6, kernel_shape=[2,3], strides=[2,3]"
BODY = (
    "t = Transpose<perm=[0,3,1,2]>(x) c = ConvTranspose<{attributes}>(t, w, b) "
    "y = Transpose<perm=[0,2,3,1]>(c)"
)


def body(attributes=ATTRIBUTES):
    return BODY.format(attributes=attributes)


def constants(weights):
    return {"w": weights(6, 1, 2, 3), "b": weights(6, seed=1)}


def test_a_cell_of_every_pixel_becomes_one_product(tiny, rewritten, weights):
    done = rewritten(tiny(body(), X, Y, constants(weights)), "spread_pixels")
    assert done.count == 1
    assert done.ops == {"Add": 1, "Mul": 1, "Reshape": 2}


@pytest.mark.parametrize("bias", ["none", "zeros"])
def test_where_there_is_no_bias_nothing_is_added(tiny, rewritten, weights, bias):
    text = body() if bias == "zeros" else body().replace(", w, b)", ", w)")
    given_ = {"w": weights(6, 1, 2, 3)} | ({"b": np.zeros(6, np.float32)} if bias == "zeros" else {})
    done = rewritten(tiny(text, X, Y, given_), "spread_pixels")
    assert done.ops == {"Mul": 1, "Reshape": 2}


def test_padding_that_is_stated_as_not_automatic_is_none(tiny, rewritten, weights):
    text = body(f'{ATTRIBUTES}, auto_pad="NOTSET"')
    assert rewritten(tiny(text, X, Y, constants(weights)), "spread_pixels").count == 1


def test_what_others_read_of_the_input_stays(tiny, rewritten, weights):
    text = f"{body()} z = Relu(t)"
    done = rewritten(tiny(text, X, {**Y, "z": (1, 6, 3, 4)}, constants(weights)), "spread_pixels")
    assert done.ops == {"Add": 1, "Mul": 1, "Relu": 1, "Reshape": 2, "Transpose": 1}


LEFT = {
    "the kernel is wider than the stride": (
        ATTRIBUTES.replace("strides=[2,3]", "strides=[1,3]"),
        (1, 4, 12, 6),
    ),
    "the kernel is narrower": (ATTRIBUTES.replace("strides=[2,3]", "strides=[3,3]"), (1, 8, 12, 6)),
    "it is padded": (f"{ATTRIBUTES}, pads=[1,0,0,0]", (1, 5, 12, 6)),
    "its output is": (f"{ATTRIBUTES}, output_padding=[1,0]", (1, 7, 12, 6)),
    "it is dilated": (f"{ATTRIBUTES}, dilations=[2,1]", (1, 7, 12, 6)),
    "its output's shape is stated": (f"{ATTRIBUTES}, output_shape=[6,12]", (1, 6, 12, 6)),
    "its padding is automatic": (f'{ATTRIBUTES}, auto_pad="SAME_UPPER"', (1, 6, 12, 6)),
}


@pytest.mark.parametrize(("attributes", "shape"), LEFT.values(), ids=LEFT)
def test_is_left_alone_where(tiny, rewritten, weights, attributes, shape):
    model = tiny(body(attributes), X, {"y": shape}, constants(weights))
    assert rewritten(model, "spread_pixels").count == 0


def test_one_that_mixes_channels_is_left_alone(tiny, rewritten, weights):
    mixing = {"w": weights(6, 2, 2, 3), "b": weights(6, seed=1)}
    model = tiny(body(ATTRIBUTES.replace("group=6", "group=3")), X, Y, mixing)
    assert rewritten(model, "spread_pixels").count == 0


TEXTS = {
    "nothing turns before": f"c = ConvTranspose<{ATTRIBUTES}>(x, w, b) y = Transpose<perm=[0,2,3,1]>(c)",
    "another turn comes before": body().replace("perm=[0,3,1,2]", "perm=[0,3,2,1]"),
    "another turn comes after": body().replace("perm=[0,2,3,1]", "perm=[0,3,2,1]"),
    "something else comes after": body().replace("y = Transpose<perm=[0,2,3,1]>(c)", "y = Relu(c)"),
    "another reads the result": f"{body()} z = Relu(c)",
    "the weight is computed": body()
    .replace("c = ConvTranspose", "v = Exp(w) c = ConvTranspose")
    .replace("(t, w,", "(t, v,"),
    "the bias is computed": body()
    .replace("c = ConvTranspose", "v = Exp(b) c = ConvTranspose")
    .replace("w, b)", "w, v)"),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_is_left_alone_where_the_graph_does_not_fit(tiny, rewritten, weights, text):
    inputs = {"x": (1, 6, 6, 6)}
    outputs = {"y": None, "z": None} if "z =" in text else {"y": None}
    sizes = {"y": (1, 12, 18, 6), "z": (1, 6, 12, 18)}
    if "another turn comes after" in TEXTS and text == TEXTS["another turn comes after"]:
        sizes["y"] = (1, 18, 12, 6)
    if text == TEXTS["something else comes after"]:
        sizes["y"] = (1, 6, 12, 18)
    model = tiny(text, inputs, {name: sizes[name] for name in outputs}, constants(weights))
    assert rewritten(model, "spread_pixels").count == 0


@given(
    size=st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 4), st.integers(2, 9)),
    cell=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    seed=st.integers(0, 99),
)
def test_any_cell_keeps_its_outputs(tiny, rewritten, size, cell, seed):
    count, height, width, channels = size
    rows, columns = cell
    rng = np.random.default_rng(seed)
    given_ = {
        "w": rng.standard_normal((channels, 1, rows, columns)).astype(np.float32),
        "b": rng.standard_normal(channels).astype(np.float32),
    }
    text = body(f"group={channels}, kernel_shape=[{rows},{columns}], strides=[{rows},{columns}]")
    model = tiny(text, {"x": size}, {"y": (count, height * rows, width * columns, channels)}, given_)
    assert rewritten(model, "spread_pixels", seed).count == 1
