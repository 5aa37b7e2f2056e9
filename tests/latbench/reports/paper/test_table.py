import pytest

from latbench.reports.paper import render
from latbench.reports.paper.base import Column
from latbench.reports.paper.table import fitted


def test_as_wide_as_it_takes_everything_is_shown(shown):
    text = render(shown)
    assert text.startswith("Some table\nA paper\n\npublished ")
    assert "Not shown" not in text
    assert "0.80 (-0.82 to 1.00)" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [70, 90, 120])
def test_a_terminal_is_never_exceeded_and_told_what_is_left_out(shown, width):
    text = render(shown, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert ("Not shown at this width: here" in " ".join(text.split())) == (width < 100)
    assert "10.00 ± 0.10" in text


def test_ranks_are_narrowed_and_told_too(shown):
    text = " ".join(render(shown, width=70).split())
    assert "Not shown at this width: tau, p of tau" in text
    assert "0.80 (-0.82 to 1.00)" in text


def test_text_that_wraps_breaks_between_words():
    assert (
        len(fitted([Column("a", ("one two three",), wraps=True), Column("b", ("1",), dispensable=1)], 9)) == 2
    )
    assert len(fitted([Column("a", ("one two three",)), Column("b", ("1",), dispensable=1)], 9)) == 1


def test_titles_break_before_columns_go():
    wide = [Column("one two", ("1",)), Column("three four", ("2",), dispensable=1)]
    assert fitted(wide, 40) == wide
    assert [one.title for one in fitted(wide, 12)] == ["one\ntwo", "three\nfour"]
    assert [one.title for one in fitted(wide, 10)] == ["one\ntwo"]
    assert [one.title for one in fitted(wide, 1)] == ["one\ntwo"]


def test_without_measurements_there_is_one_table(unmeasured):
    assert "rho" not in render(unmeasured)
