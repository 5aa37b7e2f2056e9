import pytest

from latbench.errors import BadInput
from latbench.reports.paper import formats, known, render


def test_the_formats_are_those_of_other_tables():
    assert set(formats()) == {"table", "csv", "json", "markdown"}


@pytest.mark.parametrize("format", ["table", "csv", "json", "markdown"])
def test_every_format_ends_its_last_line_and_holds_every_row(shown, format):
    text = render(shown, format)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(line.row.label.replace("|", "\\|") in text or line.row.label in text for line in shown.lines)


def test_another_format_is_refused():
    with pytest.raises(BadInput, match=r"no format 'xml'.*table"):
        known("xml")
