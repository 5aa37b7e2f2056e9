import pytest


@pytest.mark.parametrize("outputs", [None, 3])
def test_along_h_nothing_moves_and_along_w_it_is_turned_and_turned_back(
    circular, built, error_of, operators, outputs
):
    op = circular("h", (2, 4, 7, 6), outputs=outputs)
    model = built(op, "grouped_conv")
    assert operators(model) == ["Reshape", "Conv", "Reshape"]
    assert error_of(model, op) <= 1e-6
    op = circular("w", (2, 4, 7, 6), outputs=outputs)
    model = built(op, "grouped_conv")
    assert operators(model) == ["Transpose", "Reshape", "Conv", "Reshape", "Transpose"]
    assert error_of(model, op) <= 1e-6


def test_the_shift_is_the_bias_and_none_is_none(circular, built):
    conv = next(
        node
        for node in built(circular("h", (1, 4, 7, 6)), "grouped_conv").graph.node
        if node.op_type == "Conv"
    )
    assert len(conv.input) == 3
    plain = built(circular("h", (1, 4, 7, 6), shift=False), "grouped_conv")
    assert len(next(node for node in plain.graph.node if node.op_type == "Conv").input) == 2
