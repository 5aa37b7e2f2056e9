import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.runtimes.shared import onnxfile

KINDS = {"FLOAT": "fp32", "FLOAT16": "fp16", "BFLOAT16": "bf16", "DOUBLE": "fp64", "INT64": None}

tensors = st.lists(
    st.tuples(st.sampled_from(sorted(KINDS)), st.lists(st.integers(1, 9), max_size=3)), max_size=5
)


def write(path, kinds_and_dims, nodes=()):
    from onnx import TensorProto, helper

    held = [
        TensorProto(name=f"t{index}", data_type=getattr(TensorProto, kind), dims=dims, raw_data=b"\0" * 200)
        for index, (kind, dims) in enumerate(kinds_and_dims)
    ]
    graph = helper.make_graph(list(nodes), "g", [], [], held)
    path.write_bytes(helper.make_model(graph, producer_name="x" * 300).SerializeToString())
    return path


@given(tensors)
def test_weights_are_counted_by_format(tmp_path_factory, kinds_and_dims):
    path = write(tmp_path_factory.mktemp("onnx") / "m.onnx", kinds_and_dims)
    expected: dict[str, int] = {}
    for kind, dims in kinds_and_dims:
        if KINDS[kind]:
            expected[KINDS[kind]] = expected.get(KINDS[kind], 0) + math.prod(dims)
    assert onnxfile.weights(path) == expected


def test_constants_count_as_weights(tmp_path):
    from onnx import TensorProto, helper

    constant = helper.make_tensor("c", TensorProto.FLOAT16, [2, 3], b"\0" * 12, raw=True)
    node = helper.make_node("Constant", [], ["c"], value=constant)
    assert onnxfile.weights(write(tmp_path / "m.onnx", [], [node])) == {"fp16": 6}


@pytest.mark.parametrize(
    "operator", ["QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "MatMulInteger"]
)
def test_a_quantised_graph_is_int8(tmp_path, operator):
    from onnx import helper

    node = helper.make_node(operator, ["a"], ["b"])
    held = onnxfile.weights(write(tmp_path / "m.onnx", [("FLOAT", [100])], [node]))
    assert onnxfile.precision(held) == "int8"


def test_weights_dequantised_before_use_leave_the_arithmetic_in_floats(tmp_path):
    from onnx import helper

    node = helper.make_node("DequantizeLinear", ["a", "s"], ["b"])
    held = onnxfile.weights(write(tmp_path / "m.onnx", [("FLOAT", [100])], [node]))
    assert onnxfile.precision(held) == "fp32"


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({}, None),
        ({"fp32": 4}, "fp32"),
        ({"fp16": 900, "fp32": 4}, "fp16"),
        ({"int8": 1, "fp32": 900}, "int8"),
    ],
)
def test_precision_is_that_of_most_weights(held, expected):
    assert onnxfile.precision(held) == expected


def test_weights_in_external_data_are_counted(external_model, tiny_model):
    assert onnxfile.weights(external_model) == onnxfile.weights(tiny_model) == {"fp32": 6 * 5 + 5}
