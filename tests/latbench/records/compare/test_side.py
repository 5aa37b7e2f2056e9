import numpy as np
import pytest

from latbench.errors import BadInput
from latbench.records.compare.likeness import Likeness
from latbench.records.compare.side import by_key, is_results, load


def test_records_bring_samples_and_a_csv_does_not(results, as_csv, wave):
    folder = results("one", ({}, wave(2.0), "ok"))
    (measured,) = load(folder)
    assert [round(float(np.median(one)) / 1e6, 4) for one in measured.launches] == [
        round(one, 4) for one in wave(2.0)
    ]
    assert load(folder / "records.jsonl")[0].row == measured.row
    (listed,) = load(as_csv(folder))
    assert listed.launches is None
    assert listed.row["latency_ms"] == measured.row["latency_ms"]


def test_results_are_told_from_models(results, tmp_path, wave):
    folder = results("one", ({}, wave(2.0), "ok"))
    assert is_results(folder)
    assert is_results(folder / "records.jsonl")
    assert not is_results(tmp_path)
    assert not is_results(tmp_path / "none.csv")
    (tmp_path / "m.onnx").write_text("")
    assert not is_results(tmp_path / "m.onnx")


def test_a_torn_line_is_told(results, wave):
    folder = results("one", ({}, wave(2.0), "ok"))
    with (folder / "records.jsonl").open("a") as file:
        file.write('{"schema"')
    heard = []
    assert len(load(folder, heard.append)) == 1
    assert "torn" in heard[0]


def test_what_is_missing_is_refused(tmp_path):
    with pytest.raises(BadInput, match="There is no"):
        load(tmp_path / "none.csv")


def test_of_a_cell_measured_twice_the_latest_counts_but_never_a_pending_one(results, wave):
    folder = results("one", ({}, wave(2.0), "ok"), created="2025-01-01T00:00:00+00:00")
    results("one", ({}, wave(3.0), "ok"), run_id="b", created="2025-01-02T00:00:00+00:00")
    results("one", ({}, wave(4.0)[:1], None), run_id="c", created="2025-01-03T00:00:00+00:00")
    (chosen,) = by_key(load(folder), Likeness(), folder).values()
    assert chosen.row["run_id"] == "b"


def test_a_waiver_that_mixes_two_cells_of_one_file_is_refused(results, wave):
    folder = results("one", ({}, wave(2.0), "ok"), ({"threads": 4}, wave(1.0), "ok"))
    assert len(by_key(load(folder), Likeness(), folder)) == 2
    with pytest.raises(BadInput, match="threads_requested 2 and 4: with --allow threads"):
        by_key(load(folder), Likeness(("threads",)), folder)
