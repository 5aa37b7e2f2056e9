import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latbench.reports.figures import alike, interval, number, short, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (0.0, "0"),
        (12.345, "12.3"),
        (9.996, "10.0"),
        (1234.5, "1234"),
        (0.0012345, "0.00123"),
        (1.9e-6, "1.90e-06"),
        (-3.0, "-3.00"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_number(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (12.345, 12.2, 12.4, "12.35 ± 0.15"),
        (12.345, 12.3, 12.904, "12.35 ± 0.56"),
        (1234.5, 1200.0, 1300.0, "1234 ± 66"),
        (0.0123, 0.0122, 0.0125, "0.01230 ± 0.00020"),
        (5.0, 4.00000001, 5.9999, "5.0 ± 1.0"),
        (5.0, 5.0, 5.0, "5.00 ± 0"),
        (5.0, None, None, "5.00"),
        (5.0, -math.inf, math.inf, "5.00 ± inf"),
        (None, 1.0, 2.0, "–"),
    ],
)
def test_interval(value, low, high, expected):
    assert interval(value, low, high) == expected


@settings(deadline=None)
@given(st.floats(1e-3, 1e5), st.floats(1e-3, 0.5))
def test_the_text_of_an_interval_is_as_exact_as_its_half(value, relative):
    shown, half = interval(value, value * (1 - relative), value).split(" ± ")
    assert float(half) == pytest.approx(value * relative, rel=0.06)
    assert abs(float(shown) - value) <= 0.06 * value * relative
    assert shown.partition(".")[2:] == () or len(shown.partition(".")[2]) == len(half.partition(".")[2])


def test_short_and_text():
    assert (short("0123456789"), short(None)) == ("01234567", "–")
    assert (text(4), text(None)) == ("4", "–")


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ((12.345, 12.2, 12.4), 0.2, ["12.35", "12.20", "12.40"]),
        ((1234.5, 1200.0), 34.0, ["1234", "1200"]),
        ((5.0, 5.0), 0.0, ["5.000", "5.000"]),
    ],
)
def test_figures_of_one_interval_are_alike(values, width, expected):
    assert alike(values, width) == expected
