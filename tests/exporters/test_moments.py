import numpy as np
import onnx_ir as ir
import pytest

from exporters.moments import norms

IMAGE = {"x": (2, 4, 3, 5)}
OUT = {"y": (2, 4, 3, 5)}
VARIANCE = "m = ReduceMean(x, one) d = Sub(x, m) q = Mul(d, d) v = ReduceMean(q, one)"
NORM = f"{VARIANCE} a = Add(v, e) r = Sqrt(a) y = Div(d, r)"


def given(**others):
    return {
        "one": np.array([1]),
        "e": np.array(1e-3, np.float32),
        "two": np.array(2, np.float32),
        "four": np.array(4, np.float32),
        "three": np.array(3, np.float32),
        "g": np.arange(1, 5, dtype=np.float32).reshape(4, 1, 1),
        **others,
    }


def found(tiny, body, **others):
    return list(norms(ir.from_proto(tiny(body, IMAGE, OUT, given(**others)))))


def test_a_norm_is_read_with_its_axes_and_epsilon(tiny):
    (norm,) = found(tiny, NORM)
    assert (norm.x.name, norm.output.name, norm.shape, norm.axes) == ("x", "y", (2, 4, 3, 5), (1,))
    assert norm.epsilon == pytest.approx(1e-3)
    assert (norm.scale, norm.shift) == (1, 0)


def test_scale_and_shift_vary_along_the_axes_of_the_norm(tiny):
    (norm,) = found(tiny, f"{NORM.replace('y =', 'n =')} k = Mul(n, g) l = Sub(two, k) y = Mul(l, three)")
    assert norm.output.name == "y"
    assert norm.scale.shape == (1, 4, 1, 1)
    assert norm.scale.reshape(-1).tolist() == [-3, -6, -9, -12]
    assert np.unique(norm.shift).tolist() == [6]


def test_a_variance_over_one_less_scales_epsilon_and_the_whole(tiny):
    (norm,) = found(
        tiny, f"{VARIANCE} s = Mul(v, four) u = Div(s, three) a = Add(u, e) r = Sqrt(a) y = Div(d, r)"
    )
    assert norm.epsilon == pytest.approx(1e-3 * 3 / 4)
    assert float(norm.scale) == pytest.approx((3 / 4) ** 0.5)


def test_a_scaled_input_has_a_smaller_epsilon(tiny):
    body = NORM.replace("ReduceMean(x", "ReduceMean(z").replace("Sub(x", "Sub(z")
    (norm,) = found(tiny, f"z = Mul(x, two) {body}")
    assert norm.x.name in ("x", "z")
    assert norm.epsilon == pytest.approx(1e-3 / (4 if norm.x.name == "x" else 1))


def test_each_of_two_norms_is_read_and_the_first_may_be_replaced_before_the_next(tiny):
    second = NORM.replace("(x", "(w")
    for name in "mdqvar":
        second = second.replace(f"{name} =", f"{name}2 =").replace(f"({name},", f"({name}2,")
        second = second.replace(f", {name})", f", {name}2)").replace(f"({name})", f"({name}2)")
    graph = ir.from_proto(tiny(f"{NORM.replace('y =', 'w =')} {second}", IMAGE, OUT, given()))
    read = norms(graph)
    first = next(read)
    fresh = ir.node("Identity", [first.x], name="fresh")
    fresh.outputs[0].shape, fresh.outputs[0].type = first.x.shape, first.x.type
    graph.graph.insert_before(graph.graph[0], fresh)
    first.output.replace_all_uses_with(fresh.outputs[0])
    (next_one,) = read
    assert next_one.x is fresh.outputs[0]


@pytest.mark.parametrize("size", [(4, 1, 1), (1, 4, 1, 1)])
def test_constants_count_their_axes_from_the_last(tiny, size):
    scale = np.arange(1, 5, dtype=np.float32).reshape(size)
    (norm,) = found(tiny, f"{NORM.replace('y =', 'n =')} y = Mul(g, n)", g=scale)
    assert norm.scale.reshape(-1).tolist() == [1, 2, 3, 4]


def test_a_scale_along_another_axis_is_none_of_the_norm(tiny):
    (norm,) = found(tiny, f"{NORM.replace('y =', 'n =')} y = Mul(g, n)", g=np.ones(5, np.float32))
    assert norm.output.name == "n"


LEFT = {
    "a mean over another axis": (
        "m = ReduceMean(x, one) d = Sub(x, m) q = Mul(d, d) v = ReduceMean(q, other) a = Add(v, e) "
        "r = Sqrt(a) y = Div(d, r)",
        {"other": np.array([2])},
    ),
    "epsilon outside the root": (f"{VARIANCE} r = Sqrt(v) a = Add(r, e) y = Div(d, a)", {}),
    "no root": (f"{VARIANCE} a = Add(v, e) y = Div(d, a)", {}),
    "a mean of squares, no variance": (
        "q = Mul(x, x) v = ReduceMean(q, one) a = Add(v, e) r = Sqrt(a) y = Div(x, r)",
        {},
    ),
    "what is divided is not centred": (f"{VARIANCE} a = Add(v, e) r = Sqrt(a) y = Div(x, r)", {}),
    "half of the mean": (
        "m = ReduceMean(x, one) h = Div(m, two) d = Sub(x, h) q = Mul(d, d) v = ReduceMean(q, one) "
        "a = Add(v, e) r = Sqrt(a) y = Div(d, r)",
        {},
    ),
    "another power": (
        "m = ReduceMean(x, one) d = Sub(x, m) q = Pow(d, four) v = ReduceMean(q, one) a = Add(v, e) "
        "r = Sqrt(a) y = Div(d, r)",
        {},
    ),
    "the mean of the squares less the square of the mean": (
        "m = ReduceMean(x, one) s = Mul(x, x) t = ReduceMean(s, one) u = Mul(m, m) v = Sub(t, u) "
        "a = Add(v, e) r = Sqrt(a) d = Sub(x, m) y = Div(d, r)",
        {},
    ),
    "the mean is read by something else": (f"{NORM.replace('y =', 'n =')} k = Exp(m) y = Add(n, k)", {}),
    "the difference is read by something else": (f"{NORM.replace('y =', 'n =')} y = Mul(n, d)", {}),
    "epsilon per channel": (NORM, {"e": np.full((4, 1, 1), 1e-3, np.float32)}),
    "weighted squares": (
        "m = ReduceMean(x, one) d = Sub(x, m) w = Mul(d, g) q = Mul(w, w) v = ReduceMean(q, one) "
        "a = Add(v, e) r = Sqrt(a) y = Div(w, r)",
        {},
    ),
    "nothing at all": ("y = Relu(x)", {}),
}


@pytest.mark.parametrize(("body", "others"), LEFT.values(), ids=LEFT)
def test_anything_else_is_no_norm(tiny, body, others):
    assert found(tiny, body, **others) == []


def test_a_part_that_is_a_graph_output_makes_it_none(tiny):
    model = tiny(NORM, IMAGE, {**OUT, "d": (2, 4, 3, 5)}, given())
    assert list(norms(ir.from_proto(model))) == []


def test_a_variance_that_lost_its_axis_and_meets_another_is_none(tiny):
    body = (
        "m = ReduceMean(x, last) d = Sub(x, m) q = Mul(d, d) v = ReduceMean<keepdims=0>(q, last) "
        "a = Add(v, e) r = Sqrt(a) y = Div(d, r)"
    )
    cube = {"x": (3, 3, 3)}
    model = tiny(body, cube, {"y": (3, 3, 3)}, given(last=np.array([2])))
    assert list(norms(ir.from_proto(model))) == []
