import re
from pathlib import Path

import pytest

from latbench.measure.launch import STATUSES as LAUNCH_STATUSES
from latbench.records import KINDS, PENDING, SCHEMA, STATUSES, columns
from latbench.records.flags import flags

README = Path(__file__).parents[3] / "results" / "README.md"


def _lines(wanted):
    return [" | ".join(cells) for cells in wanted]


def _table(heading):
    """Return the rows of the table under `heading`, cells stripped of their spaces and back-quotes."""
    section = README.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (`.*) \|$", section, re.MULTILINE)
    return [tuple(cell.strip().strip("`") for cell in line.split(" | ")) for line in lines]


def test_names_are_unique_and_say_their_unit():
    names = [column.name for column in columns()]
    assert len(names) == len(set(names))
    for column in columns():
        assert column.description.endswith(".")
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        for suffix, unit in (("_ms", "ms"), ("_mib", "MiB"), ("_percent", "%"), ("_bytes", "bytes")):
            assert unit != column.unit or column.name.endswith(suffix), column


def test_the_readme_documents_every_column_in_order_with_its_unit():
    expected = [(column.name, column.unit, column.description) for column in columns()]
    assert _lines(_table("Columns of latency.csv")) == _lines(expected)


def test_the_readme_documents_every_flag():
    assert _table("Flags") == [(flag.name, flag.description) for flag in flags()]


def test_the_readme_documents_every_status():
    assert [status for status, _ in _table("Statuses")] == [*STATUSES, PENDING]
    assert set(LAUNCH_STATUSES) <= set(STATUSES)


def test_the_readme_documents_every_kind_of_record_and_the_schema():
    assert [kind for kind, _ in _table("records.jsonl")] == list(KINDS)
    assert f"The schema is {SCHEMA}." in README.read_text("utf-8")


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_readme_names_every_field_of_a_record(kind):
    told = dict(_table("records.jsonl"))[kind]
    assert {name for name in KINDS[kind].__dataclass_fields__ if f"`{name}`" not in told} == set()
