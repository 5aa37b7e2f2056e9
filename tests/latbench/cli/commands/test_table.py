from pathlib import Path

import pytest

from latbench.records import csvfile

RESULTS = Path(__file__).parents[3] / "data" / "records"


@pytest.mark.parametrize("file", ["", "records.jsonl", "latency.csv"])
def test_results_are_shown_from_any_of_their_files(latbench, file):
    code, out, err = latbench("table", RESULTS / file)
    rows = csvfile.read(RESULTS / "latency.csv")
    assert (code, err) == (0, "")
    assert all(row["runtime"] in out for row in rows)


def test_every_format_reaches_stdout(latbench):
    shown = {name: latbench("table", RESULTS, "--format", name)[1] for name in ("csv", "json", "markdown")}
    assert shown["csv"].startswith("schema,run_id,")
    assert shown["json"].startswith("[")
    assert shown["markdown"].startswith("| # |")


def test_proof_cards_say_what_ran(latbench):
    _, out, _ = latbench("table", RESULTS, "--proof")
    assert out.count("requested     actual") == len(csvfile.read(RESULTS / "latency.csv"))


def test_each_part_is_shown_for_each_row(latbench):
    rows = csvfile.read(RESULTS / "latency.csv")
    code, out, _ = latbench("table", RESULTS, "--proof", "--launches", "--stream")
    assert code == 0
    assert out.count("HOW SURE") == len(rows)
    assert out.count("launch     began") == out.count("logarithmic; each mark") > 0
    assert out.count("No launch finished.") == 2 * (len(rows) - out.count("launch     began"))


def test_a_proof_card_needs_no_records_but_says_what_they_would_add(latbench):
    code, out, _ = latbench("table", RESULTS / "latency.csv", "--proof")
    assert code == 0
    assert "stands in records.jsonl, not in a table" in out


@pytest.mark.parametrize("option", ["--launches", "--stream"])
def test_launches_cannot_come_from_a_table(refused, option):
    assert "latency.csv holds no launches; name" in refused(2, "table", RESULTS / "latency.csv", option)


@pytest.mark.parametrize("option", ["--proof", "--launches", "--stream"])
def test_what_is_text_has_no_other_format(refused, option):
    assert "leave --format csv out" in refused(2, "table", RESULTS, option, "--format", "csv")


def test_a_missing_directory_is_named(refused, tmp_path):
    assert "There is no" in refused(2, "table", tmp_path / "none")


def test_an_unknown_format_is_refused(refused):
    assert "There is no format 'xml'" in refused(2, "table", RESULTS, "--format", "xml")
