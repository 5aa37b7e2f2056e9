import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.reports.spark import BLOCKS, PLAIN, Scale

FIGURES = st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=50)


def test_the_ends_of_the_scale_have_the_end_marks():
    assert Scale.over([1, 2, 4, 8]).strip([1, 8, 1]) == "▁█▁"


def test_two_levels_are_seen_as_two_heights():
    values = [5.7, 5.71, 8.9, 8.92, 5.69]
    assert len(set(Scale.over(values).strip(values))) == 2


def test_noise_of_a_percent_is_no_mountain():
    values = [10.0, 10.05, 9.95, 10.1]
    marks = {BLOCKS.index(mark) for mark in Scale.over(values).strip(values)}
    assert max(marks) - min(marks) <= 2


def test_one_value_stands_in_the_middle():
    assert Scale.over([5.0]).strip([5.0]) in BLOCKS[3:5]


@pytest.mark.parametrize("value", [0.0, -1.0, 0.5])
def test_what_lies_below_the_scale_has_its_first_mark(value):
    assert Scale(1.0, 2.0).mark(value) == BLOCKS[0]


def test_what_lies_above_the_scale_has_its_last_mark():
    assert Scale(1.0, 2.0).mark(1e9) == BLOCKS[-1]


@given(FIGURES)
def test_a_higher_figure_never_has_a_lower_mark(values):
    heights = [BLOCKS.index(mark) for mark in Scale.over(values).strip(sorted(values))]
    assert heights == sorted(heights)


@given(FIGURES)
def test_plain_marks_say_the_same_in_ascii(values):
    blocks, plain = (Scale.over(values, marks).strip(values) for marks in (BLOCKS, PLAIN))
    assert plain.isascii()
    assert [BLOCKS.index(mark) for mark in blocks] == [PLAIN.index(mark) for mark in plain]
