import re

import numpy as np
import pytest

from exporters.execute import execute
from exporters.moves import copied, moved, numbers

SHAPE = (2, 4, 6)
PLACES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "back": -1, "far": -(2**62), "end": 2**62,
}  # fmt: skip
BODIES = {
    "y = Transpose(x)": (6, 4, 2),
    "y = Transpose<perm=[1, 0, 2]>(x)": (4, 2, 6),
    "y = Reshape(x, shape)": (4, 2, 6),
    "y = Flatten<axis=2>(x)": (8, 6),
    "y = Unsqueeze(x, one)": (2, 1, 4, 6),
    "y = Slice(x, one, three, two)": (2, 4, 2),
    "y = Slice(x, one, end, back, two)": (2, 4, 3),
    "y = Slice(x, back, far, one, back)": (2, 4, 6),
    "y = Slice(x, pair, most)": (1, 2, 6),
    "y = Gather<axis=2>(x, three)": (2, 4, 1),
    "y = Gather<axis=-2>(x, last)": (2, 6),
    "y, z = Split<axis=1>(x, uneven)": (2, 3, 6),
    "z, y = Split<axis=-1>(x, wide)": (2, 4, 5),
}


def first(model, name="y"):
    import onnx_ir as ir

    graph = ir.from_proto(model).graph
    return next(value for node in graph for value in node.outputs if value.name == name)


@pytest.fixture
def graph(tiny):
    def made(body, shape):
        held = {name: np.array([place], np.int64) for name, place in PLACES.items()}
        held |= {"shape": np.array([4, 2, 6]), "pair": np.array([1, 1]), "most": np.array([9, -1])}
        held |= {"uneven": np.array([3, 1]), "wide": np.array([1, 5]), "half": np.array(0.5, np.float32)}
        held["last"] = np.array(-1)
        words = set(re.findall(r"\w+", body))
        return tiny(body, {"x": SHAPE}, {"y": shape}, {k: held[k] for k in sorted(words & set(held))})

    return made


@pytest.mark.parametrize(("body", "shape"), BODIES.items())
def test_numbers_end_where_the_elements_do(graph, body, shape):
    model = graph(body, shape)
    x = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    places = moved(first(model), [np.arange(48).reshape(SHAPE)])
    assert places is not None
    assert (execute(model.SerializeToString(), {"x": x})["y"] == x.ravel()[places]).all()


def test_several_values_are_joined(graph):
    value = first(graph("y = Concat<axis=-1>(x, x)", (2, 4, 12)))
    counted = np.arange(48).reshape(SHAPE)
    assert (moved(value, [counted, counted]) == np.concatenate([counted, counted], 2)).all()
    assert moved(value, [counted, None]) is None


@pytest.mark.parametrize("body", ["y = Exp(x)", "y = Mul(x, half)"])
def test_what_computes_is_no_move(graph, body):
    assert moved(first(graph(body, SHAPE)), [np.arange(48).reshape(SHAPE)]) is None


def test_an_unknown_shape_or_slice_is_not_followed(graph):
    value = first(graph("e = Add(one, zero) y = Slice(x, e, three, two)", (2, 4, 2)))
    assert moved(value, [np.arange(48).reshape(SHAPE)]) is None
    value = first(graph("y = Transpose(x)", (6, 4, 2)))
    value.shape = None
    assert moved(value, [np.arange(48).reshape(SHAPE)]) is None


def test_numbers_are_those_of_a_known_shape(graph):
    model = graph("y = Transpose(x)", (6, 4, 2))
    counted = numbers(first(model))
    assert (counted == np.arange(48).reshape(6, 4, 2)).all()
    assert numbers(None) is None


@pytest.mark.parametrize(
    ("body", "shape", "count"),
    [("y = Transpose(x)", (6, 4, 2), 48), ("y = Reshape(x, shape)", (4, 2, 6), 0),
     ("y = Slice(x, one, three, two)", (2, 4, 2), 16)],
)  # fmt: skip
def test_only_what_rearranges_copies(graph, body, shape, count):
    assert copied(first(graph(body, shape)).producer()) == count
