"""A results directory written under schema 1 stays readable; what is written today still holds the same."""

import csv
import json
from pathlib import Path

import pytest

from latbench.records import csvfile, read, rows
from latbench.records.columns import columns
from latbench.records.line import encode
from latbench.records.record import CellRecord

GOLDEN = Path(__file__).parents[2] / "data" / "records"


@pytest.fixture
def written(run, plan, launch):
    wide = plan(threads=4, spinning=False)
    machine = {"usable_cpus": 2, "cpu_model": "Nucleus 9000", "cpu_set": "0-1", "kernel": "6.1.0"}
    return [
        run(plan(), wide, machine=machine, environment={"note": "naïve"}),
        launch(0),
        launch(0, wide, status="crashed", reason="killed by signal 11, 模型", samples_ns=(), parity=None),
        launch(1, samples_ns=(900_000, 950_000)),
        CellRecord(run_id="run-1", cell_id=plan().cell_id, status="ok"),
        CellRecord(
            run_id="run-1", cell_id=wide.cell_id, status="crashed", reason="killed by signal 11, 模型"
        ),
    ]


def _holds(today, golden):
    """Tell whether `today` has all that `golden` has: fields may be added, none may change or go."""
    if isinstance(golden, dict):
        return all(name in today and _holds(today[name], golden[name]) for name in golden)
    if isinstance(golden, list):
        return len(today) == len(golden) and all(map(_holds, today, golden))
    return today == golden


def test_records(written):
    file = GOLDEN / "records.jsonl"
    golden = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert _holds([json.loads(encode(record)) for record in written], golden)
    records = read(file)
    assert [*records.runs, *records.launches, *records.cells] == written


def _columns(text, names=None):
    """Return a table as text by column; only those in `names` where given."""
    lines = list(csv.DictReader(text.splitlines()))
    return [{name: line[name] for name in names or line} for line in lines]


def test_table(statistics):
    found = rows(read(GOLDEN), statistics)
    golden = _columns((GOLDEN / "latency.csv").read_text("utf-8"))
    assert _columns(csvfile.text(found, columns(statistics)), golden[0]) == golden
    again = csvfile.read(GOLDEN / "latency.csv", columns(statistics))
    assert [{name: row[name] for name in golden[0]} for row in again] == [
        {name: row[name] for name in golden[0]} for row in found
    ]
