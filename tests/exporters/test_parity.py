import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from exporters.parity import BLOCK, FAILED, Parity, ParityLimits, compare, limits_of, unlike

SHAPES = hnp.array_shapes(max_dims=4, max_side=4)
FINITE = st.floats(-(2.0**100), 2.0**100, width=32)


def arrays(shape=SHAPES):
    return hnp.arrays(np.float32, shape, elements=FINITE)


def pairs():
    return SHAPES.flatmap(lambda shape: st.tuples(arrays(shape), arrays(shape)))


def one(actual, expected):
    return compare({"y": np.asarray(actual)}, {"y": np.asarray(expected)})


@given(arrays())
def test_an_output_agrees_with_itself(array):
    parity = one(array, array)
    assert (parity.max_abs, parity.max_rel) == (0.0, 0.0)
    assert parity.cosine == pytest.approx(1.0)
    assert ParityLimits().passes(parity)


@given(pairs())
def test_the_absolute_difference_and_the_cosine_are_symmetric(pair):
    a, b = pair
    assume(a.any() and b.any())
    forth, back = one(a, b), one(b, a)
    assert forth.max_abs == back.max_abs
    assert forth.cosine == pytest.approx(back.cosine, abs=1e-12)
    assert -1.000001 <= forth.cosine <= 1


@given(pairs(), st.integers(-60, 60))
def test_scaling_both_changes_neither_the_relative_difference_nor_the_cosine(pair, power):
    a, b = (array.astype(np.float64) for array in pair)
    assume(b.any())
    plain, scaled = one(a, b), one(a * 2.0**power, b * 2.0**power)
    assert scaled.max_rel == plain.max_rel
    assert scaled.cosine == pytest.approx(plain.cosine, abs=1e-12)
    assert scaled.max_abs == plain.max_abs * 2.0**power


@given(pairs())
def test_the_relative_difference_is_the_absolute_one_over_the_largest_reference(pair):
    a, b = (array.astype(np.float64) for array in pair)
    assume(b.any())
    parity = one(a, b)
    assert parity.max_rel * np.abs(b).max() == pytest.approx(np.abs(a - b).max())


@given(arrays(), st.data())
def test_a_larger_error_is_never_nearer(array, data):
    assume(array.any())
    place = data.draw(st.integers(0, array.size - 1))
    expected = array.astype(np.float64)
    found = []
    for error in (0.0, 0.5, 1.0):
        actual = expected.copy()
        actual.flat[place] += error * np.abs(expected).max()
        found.append(one(actual, expected).max_rel)
    assert found == sorted(found)


@given(arrays(), st.sampled_from([np.nan, np.inf, -np.inf]), st.booleans(), st.booleans(), st.data())
def test_what_is_not_finite_fails_on_either_side(array, value, left, right, data):
    assume(left or right)
    broken = array.copy()
    broken.flat[data.draw(st.integers(0, array.size - 1))] = value
    parity = one(broken if left else array, broken if right else array)
    assert parity == FAILED
    assert not ParityLimits().passes(parity)


@given(arrays(), arrays())
def test_another_shape_fails_even_when_it_would_broadcast(a, b):
    assume(a.shape != b.shape)
    assert one(a, b) == FAILED
    assert one(a[None], a) == FAILED


def test_a_zero_reference_compares_absolutely():
    zeros = np.zeros(4, np.float32)
    near, far = zeros + np.float32(1e-6), zeros + np.float32(0.5)
    assert one(zeros, zeros) == Parity(0.0, 0.0, 1.0)
    assert one(near, zeros).max_rel == pytest.approx(1e-6)
    assert ParityLimits().passes(one(near, zeros))
    assert one(far, zeros).max_rel == 0.5
    assert not ParityLimits().passes(one(far, zeros))


def test_outputs_that_died_do_not_pass_for_live_ones():
    parity = one(np.zeros(4), np.ones(4))
    assert (parity.max_abs, parity.max_rel, parity.cosine) == (1.0, 1.0, 0.0)


def test_a_cosine_needs_no_squares_that_fit():
    assert one(np.full(3, 1e200), np.full(3, 1e200)).cosine == pytest.approx(1.0)
    assert one(np.full(3, 1e-200), np.full(3, 1e-200)).cosine == pytest.approx(1.0)
    assert one(np.full(3, -1e-200), np.full(3, 1e200)).cosine == pytest.approx(-1.0)


def test_outputs_without_values_agree():
    assert one(np.zeros((0, 3)), np.zeros((0, 3))) == Parity(0.0, 0.0, 1.0)


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.float16, np.uint8])
def test_other_types_are_compared_as_numbers(dtype):
    assert one(np.array([0, 1], dtype), np.array([0, 1], dtype)).max_abs == 0
    assert one(np.array([1, 1], dtype), np.array([0, 1], dtype)).max_abs == 1


def test_the_worst_output_counts_in_each_figure():
    expected = {"a": np.array([1.0, 1.0]), "b": np.array([100.0, 100.0])}
    parity = compare({"a": np.array([1.0, 1.5]), "b": np.array([100.0, 102.0])}, expected)
    assert parity.max_abs == 2.0
    assert parity.max_rel == 0.5
    assert parity.cosine < 0.99


def test_an_output_that_is_missing_raises_and_one_too_many_does_not_matter():
    with pytest.raises(KeyError):
        compare({}, {"y": np.ones(2)})
    assert compare({"y": np.ones(2), "z": np.ones(2)}, {"y": np.ones(2)}).max_abs == 0


@pytest.mark.parametrize(
    ("parity", "passes"),
    [
        (Parity(9.0, 1e-4, 0.99999), True),
        (Parity(0.0, 1.1e-4, 1.0), False),
        (Parity(0.0, 0.0, 0.9999), False),
        (Parity(0.0, float("nan"), 1.0), False),
        (Parity(0.0, 0.0, float("nan")), False),
    ],
)
def test_the_limits(parity, passes):
    assert ParityLimits().passes(parity) is passes


def test_the_figures_go_to_json_by_name():
    assert Parity(1.0, 2.0, 3.0).to_json() == {"max_abs": 1.0, "max_rel": 2.0, "cosine": 3.0}


@pytest.mark.parametrize(
    ("actual", "expected", "told"),
    [
        (np.ones((1, 5)), np.ones((1, 6)), "output 'y' has the shape 1x5, not 1x6"),
        (np.float32(1), np.ones(1), "output 'y' has the shape (), not 1"),
        (np.ones(2, np.int32), np.ones(2, np.float32), "output 'y' holds int32, not float32"),
        (np.ones(2), np.ones(2, bool), "output 'y' holds float64, not bool"),
        (np.array([1, np.nan, np.inf]), np.ones(3), "output 'y' holds 2 of 3 values that are not finite"),
        (
            np.ones(1),
            np.array([np.nan]),
            "output 'y' holds 1 of 1 values that are not finite in the reference",
        ),
        (np.array([1j, np.nan]), np.ones(2, complex), "output 'y' holds 1 of 2 values that are not finite"),
    ],
)
def test_what_cannot_be_compared_is_named_and_fails(actual, expected, told):
    both = {"x": np.ones(1)} | {"y": np.asarray(actual)}, {"x": np.ones(1)} | {"y": np.asarray(expected)}
    assert unlike(*both) == told
    assert compare(*both) == FAILED


@pytest.mark.parametrize("dtypes", [("float16", "float32"), ("uint8", "bool"), ("int64", "int32")])
def test_widths_may_differ(dtypes):
    both = [{"y": np.ones(2, dtype)} for dtype in dtypes]
    assert unlike(*both) is None
    assert ParityLimits().passes(compare(*both))


@pytest.mark.parametrize(
    ("epsilon", "roundings", "rel"),
    [(None, 900, 1e-4), (2**-10, 1, 4 * 2**-10), (2**-10, 400, 20 * 2**-10), (2**-7, 400, 0.05)],
)
def test_limits_grow_with_the_spacing_of_the_numbers_and_the_root_of_the_roundings(epsilon, roundings, rel):
    limits = limits_of(epsilon, roundings)
    assert limits.max_rel == pytest.approx(rel)
    assert limits.cosine == pytest.approx(0.99999 if epsilon is None else min(0.99999, 1 - rel**2))


@pytest.mark.parametrize("place", [0, BLOCK - 1, BLOCK, 2 * BLOCK + 6])
def test_the_blocks_of_a_large_output_are_one_array(place):
    expected = np.random.default_rng(0).standard_normal(2 * BLOCK + 7).astype(np.float32)
    actual = expected.copy()
    actual[place] += 3.0
    found = one(actual, expected)
    a, b = actual.astype(np.float64), expected.astype(np.float64)
    assert found.max_abs == np.abs(a - b).max()
    assert found.max_rel == found.max_abs / np.abs(b).max()
    assert found.cosine == pytest.approx(a @ b / np.sqrt((a @ a) * (b @ b)), abs=1e-14)
    actual[place] = np.inf
    assert one(actual, expected) == FAILED
    assert unlike({"y": actual}, {"y": expected}) == (
        f"output 'y' holds 1 of {expected.size} values that are not finite"
    )


def test_complex_values_agree_in_both_parts():
    expected = np.array([3 + 4j, -2 + 1j])
    assert one(expected, expected).max_abs == 0
    assert one(expected + 2j, expected) == Parity(2.0, 0.5, pytest.approx(40 / np.sqrt(30 * 58)))
