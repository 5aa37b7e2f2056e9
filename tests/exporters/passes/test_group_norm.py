import numpy as np
import onnx
import pytest

IMAGE = {"x": (2, 4, 3, 5)}
OUT = {"y": (2, 4, 3, 5)}
NORM = "f = Reshape(x, flat) n = InstanceNormalization<epsilon=0.001>(f, u, v)"


def constants(weights, **others):
    return {
        "flat": np.array([2, 1, -1]),
        "image": np.array([2, 4, 3, 5]),
        "u": np.array([1.5], np.float32),
        "v": np.array([-0.5], np.float32),
        "s": weights(4, 1, 1, seed=6),
        "t": weights(1, 4, 1, 1, seed=7),
        "half": np.array(0.5, np.float32),
        "column": weights(5, seed=8),
        **others,
    }


def epsilon(done):
    (norm,) = done.nodes("LayerNormalization")
    return {each.name: onnx.helper.get_attribute_value(each) for each in norm.attribute}


@pytest.mark.parametrize(
    ("body", "ops"),
    [
        (f"{NORM} y = Reshape(n, image)", {"LayerNormalization": 1}),
        (f"{NORM} b = Reshape(n, image) m = Mul(b, s) y = Add(t, m)", {"LayerNormalization": 1}),
        (f"{NORM} b = Reshape(n, image) m = Add(b, t) y = Mul(half, m)", {"LayerNormalization": 1}),
        (f"{NORM} b = Reshape(n, image) y = Mul(b, column)", {"LayerNormalization": 1, "Mul": 1}),
        (f"{NORM} b = Reshape(n, image) m = Mul(b, s) y = Add(m, x)", {"Add": 1, "LayerNormalization": 1}),
    ],
    ids=["alone", "with scale and shift", "with shift and factor", "before a scale by column", "and a sum"],
)
def test_one_group_is_one_normalisation_of_the_image(tiny, rewritten, weights, body, ops):
    done = rewritten(tiny(body, IMAGE, OUT, constants(weights)), "group_norm")
    assert (done.count, done.ops) == (1, ops)
    assert epsilon(done) == {"axis": 1, "epsilon": pytest.approx(0.001)}


def test_an_epsilon_that_is_not_stated_stays_what_it_was(tiny, rewritten, weights):
    body = "e = Mul(x, tiny) f = Reshape(e, flat) n = InstanceNormalization(f, u, v) y = Reshape(n, image)"
    given = constants(weights, tiny=np.array(1e-3, np.float32))
    done = rewritten(tiny(body, IMAGE, OUT, given), "group_norm")
    assert epsilon(done)["epsilon"] == pytest.approx(1e-5)


def test_a_norm_without_shift_gets_none(tiny, rewritten, weights):
    given = constants(weights, v=np.zeros(1, np.float32))
    done = rewritten(tiny(f"{NORM} y = Reshape(n, image)", IMAGE, OUT, given), "group_norm")
    assert len(done.nodes("LayerNormalization")[0].input) == 2


PAIR = np.array([1.5, 0.5], np.float32)
LEFT = {
    "two groups": (f"{NORM} y = Reshape(n, image)", {"flat": np.array([2, 2, -1]), "u": PAIR, "v": PAIR}),
    "another reader": (f"{NORM} b = Reshape(n, image) c = Reshape(n, image) y = Add(b, c)", {}),
    "another shape behind": (
        f"{NORM} b = Reshape(n, turned) y = Transpose<perm=[0, 1, 3, 2]>(b)",
        {"turned": np.array([2, 4, 5, 3])},
    ),
    "the batch mixed in": (f"{NORM} y = Reshape(n, image)", {"flat": np.array([1, 1, -1])}),
    "a scale that is computed": (
        "f = Reshape(x, flat) e = Exp(u) n = InstanceNormalization(f, e, v) y = Reshape(n, image)",
        {},
    ),
}


@pytest.mark.parametrize(("body", "others"), LEFT.values(), ids=LEFT)
def test_anything_else_stays(tiny, rewritten, weights, body, others):
    done = rewritten(tiny(body, IMAGE, OUT, constants(weights, **others)), "group_norm")
    assert done.count == 0
    assert "LayerNormalization" not in done.ops
