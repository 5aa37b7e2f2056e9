import onnx_ir as ir
import pytest

from exporters.circular.match import sites


def between(kit, before=(), after=(), kernels=(1, 1), image=(6, 6)):
    """Return the model 1x1 Conv, `before`, a correlation along H, `after`, 1x1 Conv."""
    writer = kit.Writer()

    def conv(fed, name, kernel):
        weight = writer.constant(f"{name}.weight", kit.values(4, 4, kernel, kernel))
        return writer.node("Conv", [fed, weight], name, pads=[kernel // 2] * 4)

    fed = writer.chain(conv("x", "first", kernels[0]), before, "before")
    cut = writer.cut(fed, 0, image[0] - 1, 2, "cut")
    longer = writer.node("Concat", [fed, cut], "longer", axis=2)
    weight = writer.constant("circular.weight", kit.values(4, 1, image[0], 1))
    fed = writer.chain(writer.node("Conv", [longer, weight], "circular", group=4), after, "after")
    conv(fed, "last", kernels[1])
    writer.node("Identity", ["last"], "y")
    return writer.model({"x": (1, 4, *image)}, {"y": (1, 4, *image)})


def names(nodes):
    return [node.name for node in nodes]


def test_through_what_keeps_the_layout_both_sides_are_reached(kit):
    steps = [("Relu", 0), ("Norm", kit.norm(4)), ("Add", kit.values(1, 4, 1, 6))]
    (site,) = sites(ir.from_proto(between(kit, steps, steps)))
    assert (names(site.before), names(site.after), site.neighbours) == (["first"], ["last"], "conv")


@pytest.mark.parametrize("kernels", [(3, 1), (1, 3), (3, 3)])
def test_a_larger_convolution_is_none(kit, kernels):
    (site,) = sites(ir.from_proto(between(kit, kernels=kernels)))
    assert site.neighbours == "none"
    assert (len(site.before), len(site.after)) == (kernels[0] == 1, kernels[1] == 1)


def test_halves_and_another_operator_are_passed_and_a_gate_is_not(kit):
    writer = kit.Writer()

    def conv(fed, name, outputs, inputs):
        return writer.node(
            "Conv", [fed, writer.constant(f"{name}.w", kit.values(outputs, inputs, 1, 1))], name
        )

    def circular(fed, name, axis):
        cut = writer.cut(fed, 0, 5, axis, f"{name}.cut")
        longer = writer.node("Concat", [fed, cut], f"{name}.longer", axis=axis)
        taps = (6, 1) if axis == 2 else (1, 6)
        return writer.node(
            "Conv", [longer, writer.constant(f"{name}.weight", kit.values(2, 1, *taps))], name, group=2
        )

    gated = writer.node(
        "Mul",
        [conv("x", "first", 4, 4), conv(writer.node("GlobalAveragePool", ["x"], "pool"), "gate", 4, 4)],
        "gated",
    )
    writer.node("Split", [gated, writer.places("sizes", 2, 2)], "halves", outputs=["one", "two"], axis=1)
    one = circular(circular("one", "a", 2), "b", 3)
    both = writer.node("Concat", [one, circular("two", "c", 3)], "both", axis=1)
    conv(both, "last", 4, 4)
    writer.node("Identity", ["last"], "y")
    found = sites(ir.from_proto(writer.model({"x": (1, 4, 6, 6)}, {"y": (1, 4, 6, 6)})))
    assert len(found) == 3
    for site in found:
        assert (names(site.before), names(site.after)) == (["first"], ["last"])


def test_an_end_of_the_graph_is_none(kit):
    (site,) = sites(ir.from_proto(kit.Case("h", (1, 4, 6, 5)).model))
    assert (site.before, site.after, site.neighbours) == ((), (), "none")
