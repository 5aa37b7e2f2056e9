import ml_dtypes
import numpy as np
import pytest

from latbench.errors import BadInput
from latbench.runtimes.trt.values import kind_of, put, stored, taken

KINDS = {
    "FLOAT": "fp32",
    "HALF": "fp16",
    "BF16": "bf16",
    "INT64": "int64",
    "INT32": "int32",
    "INT8": "int8",
    "UINT8": "uint8",
    "BOOL": "bool",
}


def there_and_back(array, kind):
    host = np.empty(array.shape, stored(kind))
    put(array, host, kind)
    return taken(host, kind)


def test_every_type_has_a_word_and_memory(trt):
    for name, kind in KINDS.items():
        assert kind_of(trt, trt.DataType[name], "x") == kind
        assert stored(kind).itemsize == {"fp32": 4, "fp16": 2, "bf16": 2, "int64": 8, "int32": 4}.get(kind, 1)


def test_a_type_that_no_array_holds_is_refused_by_name(trt):
    with pytest.raises(BadInput, match=r"cannot bind 'x', whose type is DataType\.FP8"):
        kind_of(trt, trt.DataType.FP8, "x")


@pytest.mark.parametrize("kind", ["fp32", "fp16", "int64", "int32", "int8", "uint8", "bool"])
def test_values_come_back_as_they_were(kind):
    array = np.array([[0, 1], [1, 0]]).astype(stored(kind))
    back = there_and_back(array, kind)
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


def test_what_is_taken_is_a_copy():
    host = np.zeros(2, np.float32)
    taken(host, "fp32")[0] = 1
    assert host[0] == 0


def test_a_wider_float_is_narrowed_but_a_float_is_no_integer():
    assert there_and_back(np.array([0.1]), "fp32") == np.float32(0.1)
    with pytest.raises(TypeError):
        there_and_back(np.array([0.1]), "int32")
    with pytest.raises(TypeError):
        there_and_back(np.array([1 + 2j]), "bf16")


def test_bfloat16_is_rounded_to_nearest_even_as_others_do():
    bits = np.random.default_rng(0).integers(0, 1 << 32, 20_000, dtype=np.uint32)
    ties = np.arange(0x3F80, 0x3FC0, dtype=np.uint32) << 16 | 0x8000
    array = np.concatenate([bits, ties]).view(np.float32)
    finite = array[np.isfinite(array)]
    with np.errstate(over="ignore"):
        expected = finite.astype(ml_dtypes.bfloat16).astype(np.float32)
    assert np.array_equal(there_and_back(finite, "bf16"), expected)


def test_bfloat16_keeps_what_is_no_number():
    payload = np.array([0x7F800001, 0xFFFFFFFF], np.uint32).view(np.float32)
    assert np.isnan(there_and_back(payload, "bf16")).all()
    assert np.array_equal(there_and_back(np.float32([np.inf, -np.inf]), "bf16"), [np.inf, -np.inf])
    assert there_and_back(np.array(1.0), "bf16").shape == ()
