import numpy as np
import onnx_ir as ir
import pytest

from exporters.circular.wrap import wrapped


def value(model, name):
    graph = ir.from_proto(model).graph
    return next(output for node in graph for output in node.outputs if output.name == name)


@pytest.fixture
def longer(kit):
    """Return a function: the value "longer" of a graph wrapped so along `axis`, of length 6."""

    def made(wrap, axis=2):
        writer = kit.Writer()
        writer.wrapped("x", wrap, axis, 6)
        shape = [1, 2, 6, 6]
        return value(
            writer.model({"x": shape}, {"longer": [*shape[:axis], 11, *shape[axis + 1 :]]}), "longer"
        )

    return made


STARTS = {"pad around": 6 - 2, "rolled": 1}


@pytest.mark.parametrize("axis", [2, 3])
@pytest.mark.parametrize(
    "wrap", ["slice", "slice from the end", "pad", "pad around", "twice", "split", "rolled", "gather"]
)
def test_what_wraps_around_is_known_however_it_is_written(longer, wrap, axis):
    root, start, nodes = wrapped(longer(wrap, axis), axis, 6)
    assert (root.name, start) == ("x", STARTS.get(wrap, 0))
    assert {node.op_type for node in nodes} <= {"Slice", "Concat", "Split", "Pad", "Gather"}
    assert all(node.op_type != "Pad" for node in nodes) or wrap.startswith("pad")


def read(kit, shape, fill):
    writer = kit.Writer()
    fill(writer)
    return wrapped(value(writer.model({"x": [1, 2, 6, 4]}, {"longer": shape}), "longer"), 2, 6)


def joined(*ends):
    def fill(writer):
        parts = [writer.cut("x", start, end, 2, f"cut{at}") for at, (start, end) in enumerate(ends)]
        writer.node("Concat", parts, "longer", axis=2)

    return fill


def test_parts_of_one_value_are_followed(kit):
    root, start, _ = read(kit, [1, 2, 11, 4], joined((2, 6), (0, 6), (0, 1)))
    assert (root.name, start) == ("x", 2)


@pytest.mark.parametrize("ends", [((0, 6), (1, 6)), ((0, 5), (0, 6)), ((0, 3), (0, 6), (0, 2))])
def test_what_does_not_wrap_is_let_be(kit, ends):
    total = sum(end - start for start, end in ends)
    assert read(kit, [1, 2, total, 4], joined(*ends)) is None


def test_zeros_and_another_values_are_let_be(kit):
    def zeros(writer):
        writer.node("Pad", ["x", writer.places("pads", 0, 0, 0, 0, 0, 0, 5, 0)], "longer", mode="constant")

    def other(writer):
        cut = writer.cut(writer.node("Relu", ["x"], "other"), 0, 5, 2, "cut")
        writer.node("Concat", ["x", cut], "longer", axis=2)

    def narrowed(writer):
        cut = writer.cut("x", 0, 1, 1, "one")
        cut = writer.cut(writer.node("Concat", [cut, cut], "again", axis=1), 0, 5, 2, "cut")
        writer.node("Concat", ["x", cut], "longer", axis=2)

    def both(writer):
        pads = writer.places("pads", 0, 0, 0, 0, 0, 0, 5, 1)
        writer.node("Pad", ["x", pads], "longer", mode="wrap")

    for fill, shape in (
        (zeros, [1, 2, 11, 4]),
        (other, [1, 2, 11, 4]),
        (narrowed, [1, 2, 11, 4]),
        (both, [1, 2, 11, 5]),
    ):
        assert read(kit, shape, fill) is None


def test_a_step_is_followed(kit):
    def backwards(writer):
        ends = [writer.places(f"p{at}", each) for at, each in enumerate((-1, -7, 2, -1))]
        again = writer.node("Slice", [writer.node("Slice", ["x", *ends], "back"), *ends], "again")
        writer.node("Concat", [again, writer.cut("x", 0, 5, 2, "cut")], "longer", axis=2)

    root, start, nodes = read(kit, [1, 2, 11, 4], backwards)
    assert start == 0
    assert root.name in ("x", "again")
    assert np.all([node.op_type in ("Slice", "Concat") for node in nodes])
