import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

X = {"x": (1, 3, 3, 4)}
Y = {"y": (1, 4, 3, 3)}
NORM = "n = LayerNormalization<axis=-1>(x, g, h)"
TURN = "t = Transpose<perm=[0,3,1,2]>(n)"
STREAM = f"{NORM} {TURN} a = Conv(t, w, b) y = Add(t, a)"


def constants(weights):
    return {
        "g": weights(4, seed=5),
        "h": weights(4, seed=6),
        "w": weights(4, 4, 1, 1),
        "b": weights(4, seed=1),
        "v": weights(4, 4, seed=2),
    }


def test_the_stream_enters_by_a_depthwise_convolution(tiny, rewritten, weights):
    done = rewritten(tiny(STREAM, X, Y, constants(weights)), "blocked_entry")
    assert done.count == 1
    assert done.ops == {"Add": 1, "Conv": 2, "LayerNormalization": 1, "Transpose": 1}
    (norm,) = done.nodes("LayerNormalization")
    assert len(norm.input) == 2
    assert (done.constant(norm.input[1]) == 1).all()


def test_every_transpose_of_the_norm_reads_the_one_entry(tiny, rewritten, weights):
    body = f"{NORM} {TURN} u = Transpose<perm=[0,3,1,2]>(n) a = Conv(u, w, b) y = Add(t, a)"
    done = rewritten(tiny(body, X, Y, constants(weights)), "blocked_entry")
    assert done.count == 1
    assert done.ops == {"Add": 1, "Conv": 2, "LayerNormalization": 1, "Transpose": 1}


def test_who_reads_channels_last_gets_them_back(tiny, rewritten, weights):
    body = f"{STREAM} m = MatMul(n, v) z = Relu(m)"
    done = rewritten(tiny(body, X, {**Y, "z": (1, 3, 3, 4)}, constants(weights)), "blocked_entry")
    assert done.count == 1
    assert done.ops["Transpose"] == 2


def test_a_reader_written_before_the_stream_comes_after_it(tiny, rewritten, weights):
    body = f"{NORM} m = MatMul(n, v) z = Relu(m) {TURN} a = Conv(t, w, b) y = Add(t, a)"
    model = tiny(body, X, {**Y, "z": (1, 3, 3, 4)}, constants(weights))
    assert rewritten(model, "blocked_entry").count == 1


REFUSED = {
    "no addition reads the stream": f"{NORM} {TURN} y = Conv(t, w, b)",
    "the stream is never transposed": f"{NORM} m = MatMul(n, v) o = Add(m, n) "
    "y = Transpose<perm=[0,3,1,2]>(o)",
    "the transpose is another one": f"{NORM} t = Transpose<perm=[0,3,2,1]>(n) "
    "a = Conv(t, w, b) y = Add(t, a)",
    "the scale is computed": STREAM.replace("n = ", "k = Exp(g) n = ").replace("x, g", "x, k"),
    "the shift is computed": STREAM.replace("n = ", "k = Exp(h) n = ").replace("g, h", "g, k"),
    "there is no shift": STREAM.replace("g, h", "g"),
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_leaves_alone_where(tiny, rewritten, weights, body):
    assert rewritten(tiny(body, X, Y, constants(weights)), "blocked_entry").count == 0


@pytest.mark.parametrize(("output", "shape"), [("n", (1, 3, 3, 4)), ("t", (1, 4, 3, 3))])
def test_leaves_what_is_a_graph_output_alone(tiny, rewritten, weights, output, shape):
    model = tiny(STREAM, X, {**Y, output: shape}, constants(weights))
    assert rewritten(model, "blocked_entry").count == 0


@given(channels=st.integers(2, 9), height=st.integers(1, 4), width=st.integers(1, 4), seed=st.integers(0, 99))
def test_any_stream_keeps_its_outputs(tiny, rewritten, *, channels, height, width, seed):
    rng = np.random.default_rng(seed)
    drawn = {
        name: rng.standard_normal(shape).astype(np.float32)
        for name, shape in {
            "g": (channels,),
            "h": (channels,),
            "b": (channels,),
            "w": (channels, channels, 1, 1),
        }.items()
    }
    shapes = {"x": (2, height, width, channels)}, {"y": (2, channels, height, width)}
    assert rewritten(tiny(STREAM, *shapes, drawn), "blocked_entry", seed).count == 1
