"""ONNX's DFT operator: the published algorithm as an unhelped export writes it, at any opset that has it."""

import pytest

from exporters.lowerings.dft_op import LOWERING

CLOSE = 1e-4
EXPORTED = [
    "Unsqueeze",
    "DFT",
    *["Slice"] * 2,
    *["Mul", "Mul", "Sub", "Mul", "Mul", "Add"],
    *["Concat", "DFT", "Slice", "Squeeze"],
]


@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize("opset", [17, 18, 20])
@pytest.mark.parametrize("length", [7, 12, 16, 35])
def test_agrees_with_the_definition(axis, opset, length, circular, deviation):
    op = circular(axis, (1 + length % 2, 3, length, 4) if axis == "h" else (1 + length % 2, 3, 4, length))
    assert deviation(op, LOWERING, None, opset) <= CLOSE


def test_the_nodes_are_those_of_the_exporter(circular, built, operators):
    assert operators(built(circular("h", (1, 2, 8, 3)), LOWERING)) == [*EXPORTED, "Add"]
    assert operators(built(circular("h", (1, 2, 8, 3), shift=False), LOWERING)) == EXPORTED


def test_the_axis_is_an_input_from_opset_20_on(circular, built):
    op = circular("w", (1, 2, 3, 8))
    for opset, inputs, attributes in (
        (18, 2, {"axis", "inverse", "onesided"}),
        (20, 3, {"inverse", "onesided"}),
    ):
        for node in built(op, LOWERING, None, opset).graph.node:
            if node.op_type == "DFT":
                assert len(node.input) == inputs
                assert {attribute.name for attribute in node.attribute} == attributes


@pytest.mark.parametrize("axis", "hw")
def test_dense_agrees_with_the_definition(axis, circular, deviation):
    for length in (7, 12, 14):
        shape = (2, 3, length, 4) if axis == "h" else (2, 3, 4, length)
        assert deviation(circular(axis, shape, outputs=5), LOWERING, None, 18) <= CLOSE


def test_it_is_said_to_be_inexact():
    assert not LOWERING.exact


@pytest.mark.slow
@pytest.mark.parametrize("axis", "hw")
def test_a_large_length_keeps_within_the_limit(axis, circular, deviation):
    op = circular(axis, (1, 2, 448, 8) if axis == "h" else (1, 2, 8, 448))
    assert deviation(op, LOWERING) <= CLOSE
