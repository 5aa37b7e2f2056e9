import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from exporters.precision.constants import HALVES, lost

FP16, BF16 = HALVES["fp16"], HALVES["bf16"]
NORMAL = st.floats(2**-14, 65504, width=32)


@pytest.mark.parametrize(("half", "kept"), [(FP16, np.finfo(np.float16)), (BF16, None)])
def test_the_facts_of_a_type_are_numpys(half, kept):
    import ml_dtypes

    kept = kept or ml_dtypes.finfo(ml_dtypes.bfloat16)
    assert half.largest == float(kept.max)
    assert half.spacing == float(kept.eps)
    assert half.rounded(np.ones(1, np.float32)).dtype == kept.dtype


@given(hnp.arrays(np.float32, st.integers(1, 8), elements=NORMAL), st.booleans())
def test_normal_numbers_lose_nothing(array, each):
    assert lost(array, FP16, each=each) is None
    assert lost(-array, BF16, each=each) is None


@pytest.mark.parametrize("value", [65520, 1e5, -3.4e38])
def test_an_overflow_is_told(value):
    assert "beyond the largest fp16, 65504" in lost(np.array([1, value], np.float32), FP16)


def test_what_rounds_to_the_largest_is_no_overflow():
    assert lost(np.array([65519], np.float32), FP16) is None


def test_infinities_stay_infinite():
    assert lost(np.array([-np.inf, 1], np.float32), FP16) is None


@pytest.mark.parametrize("value", [1e-6, 1e-8, -3e-6])
def test_an_array_that_is_all_small_loses_its_digits(value):
    assert "in fp16" in lost(np.array([value, 0], np.float32), FP16)
    assert lost(np.array([value, 0], np.float32), BF16) is None


def test_small_weights_beside_large_ones_lose_nothing_that_counts():
    array = np.array([1e-7, 0.5], np.float32)
    assert lost(array, FP16) is None
    assert "1e-07" in lost(array, FP16, each=True)


def test_nothing_is_lost_of_nothing():
    assert lost(np.zeros((0, 3), np.float32), FP16) is None
    assert lost(np.zeros(3, np.float32), FP16, each=True) is None
