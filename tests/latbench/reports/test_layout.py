import pytest

from latbench.reports.layout import LABEL, aligned, beside, wrapped


def test_a_sentence_stands_beside_its_label_within_a_hundred_characters():
    lines = beside("spread", "many words " * 30)
    assert lines[0].startswith("spread        many words")
    assert all(len(line) <= 100 for line in lines)
    assert all(line.startswith(" " * LABEL) for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == f"spread {'many words ' * 30}".strip()


def test_a_long_word_is_left_whole():
    assert beside("artifact", "ab" * 80) == (f"{'artifact':<{LABEL}}{'ab' * 80}",)


@pytest.mark.parametrize("figure", ["62 %", "5.71 ms", "± 0.05", "5.71 ± 0.05 ms"])
def test_a_figure_keeps_its_unit(figure):
    for before in range(60, 100):
        broken = beside("", f"{'x' * before} {figure} y")
        assert any(figure in line for line in broken)
        assert "\N{NO-BREAK SPACE}" not in "".join(broken)


def test_nothing_to_say_is_the_label_alone():
    assert beside("flags", "") == ("flags",)


def test_columns_line_up():
    assert aligned([["a", "bb"], ["ccc", "d"]]) == ("  a  bb", "ccc   d")
    assert aligned([["a", "bb"], ["ccc", "d"]], left=1) == ("a    bb", "ccc   d")


@pytest.mark.parametrize("width", [20, 60, 100])
def test_text_stays_inside_a_width(width):
    lines = wrapped("many words " * 30, width)
    assert max(map(len, lines)) <= width
    assert " ".join(lines) == ("many words " * 30).strip()
