import onnx_ir as ir
import pytest

from exporters.precision.constants import HALVES
from exporters.precision.slots import Slots, singles, slots

FP16, BF16 = HALVES["fp16"], HALVES["bf16"]


def node(op_type, count, domain="", outputs=1, kind=ir.DataType.FLOAT):
    values = [ir.Value(name=f"x{place}", type=ir.TensorType(kind)) for place in range(count)]
    made = ir.node(op_type, values, domain=domain, num_outputs=outputs)
    for value in made.outputs:
        value.type = ir.TensorType(kind)
    return made


def test_the_schema_says_which_places_may_be_half():
    assert slots(node("Resize", 3), 20, FP16) == Slots((True, False, False), (True,))
    assert slots(node("Where", 3), 20, FP16) == Slots((False, True, True), (True,))


def test_the_statistics_of_a_norm_stay():
    assert slots(node("LayerNormalization", 3, outputs=3), 20, BF16).outputs == (True, False, False)


@pytest.mark.parametrize(("opset", "wide"), [(20, False), (22, True)])
def test_bf16_depends_on_the_opset(opset, wide):
    assert slots(node("Conv", 3), opset, BF16) == Slots((wide,) * 3, (wide,))
    assert slots(node("Conv", 3), opset, FP16) == Slots((True,) * 3, (True,))


def test_the_last_formal_stands_for_all_that_follow():
    assert slots(node("Concat", 5), 20, FP16).inputs == (True,) * 5


@pytest.mark.parametrize("unknown", [node("Gelu", 1), node("Gelu", 1, "com.microsoft"), node("Nothing", 1)])
def test_an_operator_without_a_schema_has_none(unknown):
    assert slots(unknown, 18, FP16) is None


def test_singles_are_the_values_in_fp32():
    assert [value.name for value in singles(node("Add", 2))][:2] == ["x0", "x1"]
    assert list(singles(node("Add", 2, kind=ir.DataType.INT64))) == []
