import csv

import pytest

from exporters.lowerings.table import load
from latbench.records import Store

CELLS = [
    ("parc_h_c64_56", "onnxruntime", "spatial", 900_000),
    ("parc_h_c64_56", "onnxruntime", "crt2", 300_000),
    ("parc_h_c64_56", "onnxruntime", "circulant", 450_000),
]


@pytest.fixture
def results(swept, tmp_path):
    """A results directory with the records of a sweep."""
    found = swept(CELLS)
    with Store.open(tmp_path / "results") as store:
        for record in (*found.runs, *found.launches):
            store.append(record)
    return tmp_path / "results"


def test_a_table_is_taken_from_results_already_measured(latbench, results, tmp_path, monkeypatch):
    monkeypatch.setenv("LATBENCH_LOWERINGS", str(tmp_path / "data" / "mine.csv"))
    code, out, err = latbench("tune", "--from", results)
    assert code == 0
    table = load(tmp_path / "data" / "mine.csv")
    assert [row.lowering for row in table.rows] == ["crt2", "circulant", "spatial"]
    assert table.cpu == "This CPU"
    assert "mine.csv holds 3 measurements of 1 operators; for 1 of them auto takes another" in err
    assert "crt2" in out


def test_changes_are_told_as_csv_too(latbench, results, tmp_path):
    code, out, _ = latbench("tune", "--from", results, "--table", tmp_path / "t.csv", "--format", "csv")
    assert code == 0
    (row,) = csv.DictReader(out.splitlines())
    assert (row["chosen"], row["length"]) == ("crt2", "56")
    assert float(row["over_spatial"]) == pytest.approx(3)


def test_a_second_time_keeps_what_was_not_measured_again(latbench, results, swept, tmp_path):
    file = tmp_path / "t.csv"
    assert latbench("tune", "--from", results, "--table", file)[0] == 0
    other = swept([(name.replace("56", "28"), *rest) for name, *rest in CELLS])
    with Store.open(tmp_path / "other") as store:
        for record in (*other.runs, *other.launches):
            store.append(record)
    assert latbench("tune", "--from", tmp_path / "other", "--table", file)[0] == 0
    assert {row.length for row in load(file).rows} == {28, 56}


def test_what_cannot_be_is_refused(refused, results, tmp_path):
    assert "--context 'alone' does not exist; use one of: isolated, network, both" in refused(
        2, "tune", "--context", "alone", "--output", tmp_path
    )
    assert "--axis 'x' is no axis" in refused(2, "tune", "--axis", "x", "--output", tmp_path)
    assert "--format 'xml'" in refused(2, "tune", "--format", "xml")
    assert "There is no " in refused(2, "tune", "--from", tmp_path / "none", "--table", tmp_path / "t.csv")
    assert not (tmp_path / "t.csv").exists()
    (tmp_path / "bad.csv").write_text("1,2\n")
    told = refused(2, "tune", "--from", results, "--table", tmp_path / "bad.csv")
    assert "bad.csv has no column runtime" in told
    assert "It would be lost" in told
    assert (tmp_path / "bad.csv").read_text() == "1,2\n"


@pytest.mark.slow
def test_a_small_operator_is_measured_and_its_table_used(latbench, tmp_path, monkeypatch):
    file = tmp_path / "mine.csv"
    monkeypatch.setenv("LATBENCH_LOWERINGS", str(file))
    few = ("--resolutions", 16, "--channels", 4, "--axis", "h", "--context", "isolated", "--launches", 2)
    where = ("--runtime", "onnxruntime", "--output", tmp_path / "results")
    code, _, err = latbench("tune", *few, *where)
    assert code == 0
    found = load(file)
    assert {row.lowering for row in found.rows} >= {"spatial", "circulant", "crt2", "crt4_4"}
    assert all(row.ci95_low <= row.over_spatial <= row.ci95_high for row in found.rows if row.ci95_low)
    assert f"{file} holds {len(found.rows)} measurements of 1 operators" in err
