import pytest

from latbench.crosscheck.base import Unreadable, number, spoken


@pytest.mark.parametrize(
    ("text", "ns", "rounding"),
    [
        ("Median:        4.59 ms", 4.59e6, 5e3),
        ("Median: 459.12 us", 459120, 5),
        ("Median: 0.0041 s", 4.1e6, 5e4),
        ("Median: 4.1e-03 s", 4.1e6, 5e4),
        ("Median: 12 ms", 12e6, 5e5),
    ],
)
def test_a_figure_is_read_with_its_unit_and_how_far_it_is_rounded(text, ns, rounding):
    assert spoken(text, "Median:") == pytest.approx((ns, rounding))


@pytest.mark.parametrize("text", ["", "Median: ms", "Median: 4.59", "Median: 4.59 furlongs", "Average: 4 ms"])
def test_anything_else_is_unreadable(text):
    with pytest.raises(Unreadable, match="Median"):
        spoken(text, "Median:")


def test_a_whole_number_may_be_missing():
    assert number("Count:   400 iterations", "Count:") == 400
    assert number("Count: many", "Count:") is None
