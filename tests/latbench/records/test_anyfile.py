import shutil

import pytest

from latbench import stats
from latbench.errors import BadInput
from latbench.records import csvfile, read, read_any, read_launches, rows
from latbench.records.record import CellRecord
from latbench.records.store import RECORDS, TABLE, Store


@pytest.fixture(autouse=True)
def _few_statistics(monkeypatch, statistics):
    monkeypatch.setattr(stats, "statistics", lambda: statistics)


@pytest.fixture
def results(tmp_path, run, plan, launch):
    """Return a directory with a finished run and its table."""

    directory = tmp_path / "results"
    with Store.open(directory) as store:
        for record in (run(), launch(0), launch(1)):
            store.append(record)
        store.append(CellRecord(run_id="run-1", cell_id=plan().cell_id, status="ok"))
        csvfile.write(rows(store.records()), directory / TABLE)
    return directory


def test_records_and_table_give_the_same_rows(results):
    expected = rows(read(results))
    assert len(expected) == 1
    for path in (results, results / RECORDS, results / TABLE, str(results)):
        assert read_any([path]) == expected


def test_a_directory_with_only_a_table_is_read(results):
    expected = read_any([results])
    (results / RECORDS).unlink()
    assert read_any([results]) == expected


def test_a_row_named_several_times_appears_once(results, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(results, copy)
    assert len(read_any([results, results / TABLE, copy])) == 1


def test_other_runs_are_added(results, tmp_path, run):
    with Store.open(tmp_path / "other") as store:
        store.append(run(run_id="run-2"))
    found = read_any([results, tmp_path / "other"])
    assert [(row["run_id"], row["status"]) for row in found] == [("run-1", "ok"), ("run-2", "pending")]


def test_rows_without_a_run_are_all_kept(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("schema,model,runtime,status\n1,a,x,ok\n1,b,x,ok\n")
    assert [row["model"] for row in read_any([table])] == ["a", "b"]


def test_what_is_left_out_is_warned_of(results):
    with (results / RECORDS).open("ab") as file:
        file.write(b'{"schema":1,"ki')
    told = []
    assert len(read_any([results], told.append)) == 1
    assert [("torn" in note, str(results) in note) for note in told] == [(True, True)]


def test_what_cannot_be_read_is_said(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(BadInput, match=r"There is no .*nowhere; name a results directory"):
        read_any([tmp_path / "nowhere"])
    with pytest.raises(BadInput, match=r"model\.onnx is no results file; name"):
        read_any([tmp_path / "model.onnx"])
    with pytest.raises(BadInput, match=r"holds neither records\.jsonl nor latency\.csv"):
        read_any([tmp_path])


def test_launches_come_from_records_and_never_from_a_table(results, plan):
    key = ("run-1", plan().cell_id)
    for path in (results, results / RECORDS):
        assert [launch.index for launch in read_launches([path])[key].kept] == [0, 1]
    assert read_launches([results / TABLE]) == {}


def test_launches_that_failed_or_were_repeated_are_kept_apart(tmp_path, run, plan, launch):
    records = (
        run(),
        launch(0, status="crashed", reason="killed by signal 11"),
        launch(0, attempt=1),
        launch(0, attempt=2),
    )
    with Store.open(tmp_path / "lost") as store:
        for record in records:
            store.append(record)
    found = read_launches([tmp_path / "lost"])["run-1", plan().cell_id]
    assert [one.attempt for one in found.kept] == [1]
    assert [(one.attempt, one.result.status) for one in found.lost] == [(0, "crashed"), (2, "ok")]


def test_a_cell_without_a_launch_is_there_and_the_first_path_counts(results, tmp_path, run, plan, launch):
    with Store.open(tmp_path / "other") as store:
        for record in (run(), launch(0)):
            store.append(record)
    with Store.open(tmp_path / "planned") as store:
        store.append(run(run_id="run-2"))
    found = read_launches([results, tmp_path / "other", tmp_path / "planned"])
    assert {run_id: len(one.kept) for (run_id, _), one in found.items()} == {"run-1": 2, "run-2": 0}
