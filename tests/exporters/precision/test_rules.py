import numpy as np
import pytest

from exporters.precision.constants import HALVES
from exporters.precision.rules import limit

FP16, BF16 = HALVES["fp16"], HALVES["bf16"]
F = np.float32


@pytest.mark.parametrize("half", [FP16, BF16], ids=["fp16", "bf16"])
def test_common_operators_need_not_stay(stays, half):
    body = "a = Conv(x, w) b = Relu(a) c = Add(b, z) d = Softmax(c) y = GlobalAveragePool(d)"
    assert stays(body, half, 22, w=np.ones((4, 4, 1, 1), F)) == {}


WHOLE = {
    "y = Exp(x)": "range",
    "y = Pow(x, e)": "range",
    "y = Mul(x, x)": "square",
    "y = ReduceL2(x, axes)": "range",
    "y = CumSum(x, axis)": "running sum",
    "y = InstanceNormalization(x, s, s)": "stash_type",
    "y = GroupNormalization <num_groups = 2> (x, g, g)": "stash_type",
    "y = GridSample(x, grid)": "positions",
    "y = custom.Thing(x)": "domain custom",
}


@pytest.mark.parametrize(("body", "word"), WHOLE.items(), ids=WHOLE)
def test_what_stays_whatever_its_inputs_says_why(stays, body, word):
    constants = {
        "e": F(3),
        "axes": np.array([1]),
        "axis": np.int64(1),
        "s": np.ones(4, F),
        "g": np.ones(2, F),
        "grid": np.zeros((1, 8, 8, 2), F),
    }
    found = stays(body, **{name: array for name, array in constants.items() if name in body})
    assert word in found["y"]


def test_group_norm_need_not_stay_once_it_states_the_type_of_its_statistics(stays):
    body = "y = GroupNormalization <num_groups = 2> (x, g, g)"
    assert stays(body, opset=21, g=np.ones(4, F)) == {}


def test_what_an_opset_has_only_in_fp32_stays(stays):
    assert stays('y = Einsum <equation = "abcd->abdc"> (x)', BF16, 22) == {
        "y": "ONNX 22 has no Einsum in bf16"
    }
    assert stays('y = Einsum <equation = "abcd->abdc"> (x)') == {}


LONG = {
    "y = ReduceMean(x, axes)": 64,
    "y = ReduceSum(x, all)": 256,
    "y = ReduceMean(x)": 256,
    "y = GlobalAveragePool(x)": 64,
    "y = AveragePool <kernel_shape = [4, 4]> (x)": 16,
    "y = Softmax <axis = 1> (x)": 4,
    "y = LogSoftmax(x)": 8,
    "y = ReduceMean <noop_with_empty_axes = 1> (x)": 1,
}


@pytest.mark.parametrize(("body", "length"), LONG.items(), ids=LONG)
def test_a_sum_stays_when_it_is_longer_than_the_type_can_count(stays, body, length, monkeypatch):
    given = {"axes": np.array([2, 3]), "all": np.array([0, 1, 2, 3])}
    given = {name: array for name, array in given.items() if f"({name})" in body or f" {name})" in body}
    monkeypatch.setattr("exporters.precision.rules.limit", lambda _: length)
    assert stays(body, **given) == {}
    monkeypatch.setattr("exporters.precision.rules.limit", lambda _: length - 1)
    assert f"it sums {length} values" in stays(body, **given)["y"]


def test_the_limits_are_those_of_the_significand():
    assert (limit(FP16), limit(BF16)) == (2048, 256)
    total = np.float16(limit(FP16))
    assert total + np.float16(1) == total
    assert np.float16(limit(FP16) - 1) + np.float16(1) == total


def test_a_sum_of_unknown_length_stays(stays):
    body = "a = Shape(z) y = ReduceMean(x, a)"
    assert "may sum more than 2048" in stays(body)["y"]


def test_a_constant_that_would_be_lost_keeps_its_operator(stays):
    assert stays("y = Add(x, e)", e=F(1e-6)) == {"y": "of its constant e, 1e-06 would be 1.01e-06 in fp16"}
    assert stays("y = Add(x, e)", BF16, e=F(1e-6)) == {}
    assert "beyond the largest" in stays("y = Mul(x, e)", e=F(1e5))["y"]


def test_each_divisor_must_keep_its_digits(stays):
    small = np.array([1e-7, 1], F).reshape(1, 1, 1, 2).repeat(4, 3)
    assert stays("y = Mul(x, e)", e=small) == {}
    assert "1e-07" in stays("y = Div(x, e)", e=small)["y"]
