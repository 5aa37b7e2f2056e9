import csv
import io
import json

import pytest

from latbench.cli.tabular import render
from latbench.errors import BadInput

ROWS = [{"name": "a, b", "count": 1234567, "share": None}, {"name": "c", "count": 5, "share": 0.5}]


def test_a_table_aligns_and_shows_the_unknown_as_a_dash():
    assert render(ROWS, "table") == "name      count  share\na, b  1 234 567      –\nc             5    0.5\n"


def test_csv_leaves_the_unknown_empty():
    text = render(ROWS, "csv")
    assert next(csv.DictReader(io.StringIO(text))) == {"name": "a, b", "count": "1234567", "share": ""}
    assert "\r" not in text


def test_json_has_null_for_the_unknown():
    assert json.loads(render(ROWS, "json")) == ROWS


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_no_rows_are_no_error(format):
    assert render([], format).strip() in ("", "[]")


def test_another_format_is_refused():
    with pytest.raises(BadInput, match="--format 'xml' does not exist; use one of: table, csv, json"):
        render(ROWS, "xml")
