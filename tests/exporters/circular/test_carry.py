import numpy as np
import onnx_ir as ir
import pytest

from exporters.circular.carry import downstream, response, upstream
from exporters.lowerings.base import Circular
from exporters.lowerings.reference import correlate


def value(model, name):
    graph = ir.from_proto(model).graph
    return next(output for node in graph for output in node.outputs if output.name == name)


def chain(kit, steps, shape=(1, 3, 5, 4)):
    """Return the model x -> steps -> y, and the value after the last step."""
    writer = kit.Writer()
    last = writer.chain("x", steps, "step")
    writer.node("Identity", [last], "y")
    model = writer.model({"x": shape}, {"y": shape})
    return model, value(model, last)


@pytest.mark.parametrize("axis", [2, 3])
def test_what_is_carried_is_said_as_scale_and_shift(kit, axis):
    held = (1, 3, 5, 1) if axis == 2 else (1, 3, 1, 4)
    factor, added = kit.values(3, 1, 1), kit.values(*held, seed=8)
    _, last = chain(kit, [("Mul", factor), ("From", added), ("Norm", kit.norm(3)), ("Div", 4.0)])
    found = upstream(last, axis, {use.node for use in last.uses()}, set())
    assert found.value.name == "x"
    gamma, beta, mean, variance = (np.float64(part) for part in kit.norm(3))
    slope = gamma / np.sqrt(variance + 1e-5) / 4
    np.testing.assert_allclose(found.scale, -factor.reshape(3) * slope, rtol=1e-6)
    wanted = (added.reshape(3, -1) - mean[:, None]) * slope[:, None] + beta[:, None] / 4
    np.testing.assert_allclose(found.shift, wanted, rtol=1e-6)
    assert len(found.nodes) == 4


def test_downstream_is_composed_in_order(kit):
    model, _ = chain(kit, [("Relu", 0), ("Add", 2.0), ("Mul", 3.0), ("Sub", 1.0)])
    found = downstream(value(model, "step0"), 2, set())
    assert set(found.scale) == {3.0}
    assert set(found.shift.ravel()) == {5.0}
    assert found.value.name == "step3"


def test_it_stops_before_what_is_taken_read_elsewhere_or_a_division_by_zero(kit):
    _, last = chain(kit, [("Add", 2.0), ("Mul", 3.0)])
    readers = {use.node for use in last.uses()}
    assert upstream(last, 2, readers, {last.producer()}).value is last
    assert upstream(last, 2, set(), set()).value is last
    assert downstream(last.producer().inputs[0], 2, {last.producer()}).value.name == "step0"
    for step in (("Div", np.array([1, 0, 1], np.float32).reshape(3, 1, 1)), ("Mul", kit.values(5, 1))):
        _, last = chain(kit, [step])
        assert upstream(last, 2, {use.node for use in last.uses()}, set()).value is last


def test_a_constant_that_makes_it_larger_is_let_be(kit):
    writer = kit.Writer()
    writer.node("Add", ["x", writer.constant("c", kit.values(1, 3, 5, 1))], "wide")
    writer.node("Identity", ["wide"], "y")
    wide = value(writer.model({"x": (1, 1, 5, 4)}, {"y": (1, 3, 5, 4)}), "wide")
    assert upstream(wide, 2, {use.node for use in wide.uses()}, set()).value is wide


@pytest.mark.parametrize("taps", [(3, 7), (4, 3, 8), (2, 1)])
def test_the_response_is_the_correlation(kit, taps):
    weight, signal = kit.values(*taps, seed=1), kit.values(*taps[-2:], seed=2)
    op = Circular("h", (1, signal.shape[0], taps[-1], 1), weight)
    np.testing.assert_allclose(
        response(weight, signal), correlate(op, signal[None, :, :, None])[0, :, :, 0], rtol=1e-12
    )
