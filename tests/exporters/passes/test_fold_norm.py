import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

NORM = "n = LayerNormalization<axis=-1>(x, g, h)"
IMAGE = {"x": (1, 3, 3, 4)}


def affine(weights, channels=4):
    return {"g": weights(channels, seed=5), "h": weights(channels, seed=6)}


def linear(weights):
    return {**affine(weights), "w": weights(4, 6), "b": weights(6, seed=1)}


def convolution(weights, **shapes):
    return {**affine(weights), "w": weights(*shapes.get("w", (6, 4, 1, 1))), "b": weights(6, seed=1)}


def without_affine(done):
    (norm,) = done.nodes("LayerNormalization")
    return len(norm.input) == 2 and bool((done.constant(norm.input[1]) == 1).all())


def test_folds_into_a_matmul_with_a_bias(tiny, rewritten, weights):
    model = tiny(f"{NORM} a = MatMul(n, w) y = Add(a, b)", IMAGE, {"y": (1, 3, 3, 6)}, linear(weights))
    done = rewritten(model, "fold_norm")
    assert done.count == 1
    assert done.ops == {"Add": 1, "LayerNormalization": 1, "MatMul": 1}
    assert without_affine(done)


def test_gives_a_matmul_without_a_bias_the_shift(tiny, rewritten, weights):
    model = tiny(f"{NORM} a = MatMul(n, w) y = Relu(a)", IMAGE, {"y": (1, 3, 3, 6)}, linear(weights))
    assert rewritten(model, "fold_norm").ops == {"Add": 1, "LayerNormalization": 1, "MatMul": 1, "Relu": 1}


@pytest.mark.parametrize("bias", ["", ", b"])
def test_folds_into_pointwise_convolutions(tiny, rewritten, weights, bias):
    body = f"{NORM} t = Transpose<perm=[0,3,1,2]>(n) y = Conv(t, w{bias}) z = Conv(t, w{bias})"
    shapes = {"y": (1, 6, 3, 3), "z": (1, 6, 3, 3)}
    done = rewritten(tiny(body, IMAGE, shapes, convolution(weights)), "fold_norm")
    assert done.count == 1
    assert without_affine(done)


def test_folds_into_layers_of_both_layouts_at_once(tiny, rewritten, weights):
    body = f"{NORM} t = Transpose<perm=[0,3,1,2]>(n) y = Conv(t, w, b) m = MatMul(n, v) z = Add(m, b)"
    constants = convolution(weights) | {"v": weights(4, 6, seed=3)}
    done = rewritten(tiny(body, IMAGE, {"y": (1, 6, 3, 3), "z": (1, 3, 3, 6)}, constants), "fold_norm")
    assert done.count == 1
    assert without_affine(done)


def test_folds_a_norm_without_a_bias(tiny, rewritten, weights):
    body = "n = LayerNormalization<axis=-1>(x, g) a = MatMul(n, w) y = Relu(a)"
    constants = {"g": weights(4, seed=5), "w": weights(4, 6)}
    done = rewritten(tiny(body, IMAGE, {"y": (1, 3, 3, 6)}, constants), "fold_norm")
    assert done.count == 1
    assert done.ops == {"LayerNormalization": 1, "MatMul": 1, "Relu": 1}


def test_a_norm_without_an_affine_part_has_nothing_to_fold(tiny, rewritten, weights):
    body = "n = LayerNormalization<axis=-1>(x, g) a = MatMul(n, w) y = Relu(a)"
    constants = {"g": np.ones(4, np.float32), "w": weights(4, 6)}
    assert rewritten(tiny(body, IMAGE, {"y": (1, 3, 3, 6)}, constants), "fold_norm").count == 0


MATMULS = {
    "the norm is read by something not linear": f"{NORM} a = MatMul(n, w) e = MatMul(n, q) c = Relu(n) "
    "d = Add(e, c) f = MatMul(d, w) y = Add(a, f)",
    "the norm is the right operand": f"{NORM} k = Transpose<perm=[0,1,3,2]>(n) a = MatMul(k, n) "
    "c = MatMul(a, w) y = Relu(c)",
    "the weight is computed": f"{NORM} v = Exp(w) a = MatMul(n, v) y = Relu(a)",
    "the scale is computed": "k = Exp(g) n = LayerNormalization<axis=-1>(x, k, h) "
    "a = MatMul(n, w) y = Relu(a)",
    "the shift is computed": "k = Exp(h) n = LayerNormalization<axis=-1>(x, g, k) "
    "a = MatMul(n, w) y = Relu(a)",
    "the transpose is another one": f"{NORM} t = Transpose<perm=[0,2,1,3]>(n) a = MatMul(t, w) y = Relu(a)",
}


@pytest.mark.parametrize("body", MATMULS.values(), ids=MATMULS)
def test_leaves_alone_where(tiny, rewritten, weights, body):
    shape = (1, 3, 4, 6) if "perm=[0,1,3,2]" in body else (1, 3, 3, 6)
    constants = linear(weights) | {"q": weights(4, 4, seed=8)}
    assert rewritten(tiny(body, IMAGE, {"y": shape}, constants), "fold_norm").count == 0


def test_leaves_a_norm_that_is_a_graph_output_alone(tiny, rewritten, weights):
    shapes = {"y": (1, 3, 3, 6), "n": (1, 3, 3, 4)}
    assert (
        rewritten(
            tiny(f"{NORM} a = MatMul(n, w) y = Relu(a)", IMAGE, shapes, linear(weights)), "fold_norm"
        ).count
        == 0
    )


def test_leaves_a_transposed_norm_that_is_a_graph_output_alone(tiny, rewritten, weights):
    body = f"{NORM} t = Transpose<perm=[0,3,1,2]>(n) y = Conv(t, w, b)"
    shapes = {"y": (1, 6, 3, 3), "t": (1, 4, 3, 3)}
    assert rewritten(tiny(body, IMAGE, shapes, convolution(weights)), "fold_norm").count == 0


@pytest.mark.parametrize(
    ("attributes", "weight", "side"),
    [
        ("", (6, 4, 3, 3), 1),
        ("<group=2>", (6, 2, 1, 1), 3),
        ("<pads=[1,1,1,1]>", (6, 4, 1, 1), 5),
        ("<strides=[2,2]>", (6, 4, 1, 1), 2),
    ],
    ids=["3x3", "grouped", "padded", "strided"],
)
def test_leaves_other_convolutions_alone(tiny, rewritten, weights, *, attributes, weight, side):
    body = f"{NORM} t = Transpose<perm=[0,3,1,2]>(n) y = Conv{attributes}(t, w, b)"
    model = tiny(body, IMAGE, {"y": (1, 6, side, side)}, convolution(weights, w=weight))
    assert rewritten(model, "fold_norm").count == 0


@given(channels=st.integers(2, 6), out=st.integers(1, 6), first=st.booleans(), seed=st.integers(0, 99))
def test_any_shape_keeps_its_outputs_in_both_layouts(tiny, rewritten, *, channels, out, first, seed):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    constants = {"g": draw(channels), "h": draw(channels), "b": draw(out)}
    if first:
        body, shape = f"{NORM} t = Transpose<perm=[0,3,1,2]>(n) y = Conv(t, w, b)", (2, out, 3, 2)
        constants["w"] = draw(out, channels, 1, 1)
    else:
        body, shape = f"{NORM} a = MatMul(n, w) y = Add(a, b)", (2, 3, 2, out)
        constants["w"] = draw(channels, out)
    done = rewritten(tiny(body, {"x": (2, 3, 2, channels)}, {"y": shape}, constants), "fold_norm", seed)
    assert done.count == 1
