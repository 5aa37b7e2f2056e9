import os
import random
from dataclasses import replace

import pytest

from latbench.measure.launch import LaunchResult
from latbench.measure.shared import SHARED_CELLS
from latbench.pipeline.execute import LEAST_TIMEOUT_S, UNTOLD_TIMEOUT_S, Verdict
from latbench.pipeline.together import Pace, Together, Unit
from latbench.records import TABLE, RunRecord, Store, csvfile, read
from latbench.records import rows as rows_of
from latbench.records.store import RECORDS

WALL_NS = 2 * 10**9


class Processes:
    """Stands for the measuring processes; `fate` says how each ends: a result for a model and its company."""

    def __init__(self, fate=None):
        self.fate, self.requests, self.timeouts = fate or (lambda model, company: None), [], []

    def __call__(self, request, timeout, rng):
        self.requests.append(request)
        self.timeouts.append(timeout)
        company = [cell.source.kwargs["model"] for cell in request.cells]
        ends = {cell.key: self.fate(cell.source.kwargs["model"], company) for cell in request.cells}
        told = {SHARED_CELLS: len(company)}
        fine = (rng.randrange(10**6, 2 * 10**6), 10**6)
        return {
            key: LaunchResult(
                *(end or ("ok",)), samples_ns=() if end else fine, wall_ns=WALL_NS, witnesses=told
            )
            for key, end in ends.items()
        }

    def company(self):
        """Return the models of each process in turn."""
        return ["".join(cell.source.kwargs["model"] for cell in one.cells) for one in self.requests]


@pytest.fixture
def units(cell):
    """Makes units of cells; "abc de" are two, of three and two cells."""

    def make(text="abc de"):
        return [
            Unit(tuple(cell(model, kwargs={"model": model}) for model in models)) for models in text.split()
        ]

    return make


def record(units, launches=2, **fields) -> RunRecord:
    return RunRecord(
        run_id="r",
        created="2026-01-01T00:00:00+00:00",
        command=("latbench",),
        cells=tuple(cell for unit in units for cell in unit.cells),
        iterations=2 * launches,
        launches=launches,
        warmup=0,
        seed=0,
        schedule="shared",
        **fields,
    )


def go(folder, units, processes, *, watch=None, verdicts=None, pace=None, launches=2):
    """Return the statuses and reasons by model."""
    run = record(units, launches)
    with Store.open(folder) as store:
        if not store.records().runs:
            store.append(run)
        pace = pace or Pace(2, 1.0)
        found = Together(store, run, units, pace, watch=watch, launcher=processes).go(verdicts)
    return {row["model"]: row for row in found}


def test_each_round_launches_every_unit_once_in_an_order_drawn_anew(tmp_path, units, listener):
    processes = Processes()
    rows = go(tmp_path, units("ab cd ef gh"), processes, watch=listener, launches=3)
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert {(row["launches"], row["iterations"], row["schedule"]) for row in rows.values()} == {
        (3, 6, "shared")
    }
    company = processes.company()
    assert [sorted(company[at : at + 4]) for at in (0, 4, 8)] == [["ab", "cd", "ef", "gh"]] * 3
    assert company[:4] != company[4:8] or company[4:8] != company[8:]
    assert listener.of("block") == ["4/12", "8/12", "12/12"]
    assert len({one.order for one in processes.requests}) == 12


def test_each_process_is_recorded_cell_by_cell_and_the_table_written(tmp_path, units):
    go(tmp_path, units(), Processes())
    records = read(tmp_path)
    assert len(records.launches) == 2 * 5
    assert [(one.index, one.attempt) for one in records.launches[:5]] == [(0, 0)] * 5
    assert len({one.started for one in records.launches}) >= 1
    assert [row["status"] for row in csvfile.read(tmp_path / TABLE)] == ["ok"] * 5


def test_a_cell_that_fails_in_a_process_that_lives_is_tried_alone_and_closed(tmp_path, units, listener):
    processes = Processes(lambda model, _: ("failed", "no kernel for DFT") if model == "b" else None)
    rows = go(tmp_path, units("abc"), processes, watch=listener)
    assert [row["status"] for row in rows.values()] == ["ok", "failed", "ok"]
    assert rows["b"]["reason"].startswith("no kernel for DFT (launch 1, tried 2 times")
    assert processes.company() == ["abc", "b", "ac"]
    assert listener.of("finished") == ["b failed"]


@pytest.mark.parametrize("status", ["crashed", "timeout", "oom"])
def test_who_kills_the_process_is_found(tmp_path, units, status):
    processes = Processes(lambda _, company: (status, "gone") if "b" in company else None)
    rows = go(tmp_path, units("abc"), processes, launches=3)
    assert [row["status"] for row in rows.values()] == ["ok", status, "ok"]
    assert processes.company() == ["abc", "abc", "a", "b", "c", "ac", "ac"]
    assert [row["launches"] for row in rows.values()] == [3, 0, 3]


def test_a_process_that_dies_once_is_only_started_again(tmp_path, units):
    processes = Processes()
    processes.fate = lambda *_: ("crashed", "gone") if len(processes.requests) == 1 else None
    rows = go(tmp_path, units("abc"), processes)
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert processes.company() == ["abc"] * 3


def test_cells_that_cannot_bear_company_go_alone_from_then_on(tmp_path, units):
    processes = Processes(lambda _, company: ("oom", "too much") if len(company) > 1 else None)
    rows = go(tmp_path, units("abc"), processes)
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert processes.company() == ["abc", "abc", "a", "b", "c", "a", "b", "c"]


def test_when_nothing_runs_every_cell_is_closed(tmp_path, units):
    processes = Processes(lambda *_: ("failed", "no"))
    rows = go(tmp_path, units("ab c"), processes)
    assert {row["status"] for row in rows.values()} == {"failed"}
    assert sorted(processes.company()) == ["a", "ab", "ab", "b", "c", "c"]


def test_a_cell_may_fail_after_it_went_well(tmp_path, units):
    processes = Processes()
    processes.fate = lambda model, _: (
        ("crashed", "x") if model == "a" and len(processes.requests) > 1 else None
    )
    rows = go(tmp_path, units("ab"), processes)
    assert [(row["status"], row["launches"]) for row in rows.values()] == [("crashed", 1), ("ok", 2)]


def test_verdicts_close_cells_without_a_launch(tmp_path, units):
    (unit,) = units("ab")
    verdict = {unit.cells[0].cell_id: Verdict("skipped", "its graph is that of parc=spatial")}
    run = record([unit])
    processes = Processes()
    with Store.open(tmp_path) as store:
        store.append(run)
        kept = [Unit(unit.cells[1:])]
        found = Together(store, run, kept, Pace(2, 1.0), launcher=processes).go(verdict)
    assert [row["status"] for row in found] == ["skipped", "ok"]
    assert processes.company() == ["b", "b"]


@pytest.mark.parametrize(("limit", "rounds"), [(1.0, 1), (4.0, 1), (7.9, 1), (8.0, 2), (12.5, 3), (None, 5)])
def test_no_round_is_begun_that_would_end_after_the_time_limit(tmp_path, units, limit, rounds):
    rows = go(tmp_path, units("ab c"), Processes(), pace=Pace(2, 1.0, limit), launches=5)
    assert {(row["status"], row["launches"]) for row in rows.values()} == {("ok", rounds)}
    reason = None if limit is None else f"{rounds} of 5 launches: the time limit of {limit:g} s"
    assert {row["reason"] for row in rows.values()} == {reason}


def test_patience_follows_what_was_seen_unless_given(tmp_path, units):
    processes = Processes()
    go(tmp_path, units("a"), processes)
    assert processes.timeouts == [UNTOLD_TIMEOUT_S, LEAST_TIMEOUT_S]
    given = Processes()
    go(tmp_path / "given", units("a"), given, pace=Pace(2, 1.0, timeout=7.0))
    assert given.timeouts == [7.0, 7.0]


def test_paths_inside_the_results_directory_are_found_from_anywhere(tmp_path, cell):
    source = {"kind": "onnx", "path": "artifacts/m.onnx", "factory": None, "kwargs": {"model": "m"}}
    one = replace(cell("m"), source=source, reference="artifacts/m.npz")
    processes = Processes()
    go(tmp_path, [Unit((one,))], processes)
    (found,) = processes.requests[0].cells
    assert (found.source.path, found.reference) == (
        str(tmp_path / "artifacts/m.onnx"),
        str(tmp_path / "artifacts/m.npz"),
    )


def moody(model, company):
    """Fail as the tests above do, all in one sweep."""
    if model == "b":
        return ("failed", "no kernel")
    return ("crashed", "gone") if "d" in company else None


def told(launch):
    return launch.cell_id, launch.index, launch.attempt, launch.result


@pytest.mark.parametrize("fate", [None, moody], ids=["well", "moody"])
def test_cut_off_after_any_line_the_sweep_is_completed_without_loss_or_repetition(
    tmp_path, units, fate, monkeypatch
):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    go(tmp_path, units("abc de fgh"), Processes(fate))
    file = tmp_path / RECORDS
    content, whole = file.read_bytes(), read(tmp_path)
    wanted = {(one.cell_id, one.status) for one in whole.cells}
    ends = [at + 1 for at, byte in enumerate(content) if byte == 10]
    for cut in ends[1:]:  # the plan itself stays
        file.write_bytes(content[: cut - random.Random(cut).choice((0, 0, 5))])
        go(tmp_path, units("abc de fgh"), Processes(fate))
        again = read(tmp_path)
        assert {(one.cell_id, one.status) for one in again.cells} == wanted, cut
        ok = [(one.cell_id, one.index) for one in again.launches if one.result.status == "ok"]
        assert len(ok) == len(set(ok)), cut
        assert sorted(ok) == sorted(
            (one.cell_id, one.index) for one in whole.launches if one.result.status == "ok"
        ), cut
        kept = content[:cut].count(b'"kind":"launch"') - 1
        assert list(map(told, again.launches))[:kept] == list(map(told, whole.launches))[:kept], cut


def test_an_interrupted_sweep_goes_on_where_it_stopped(tmp_path, units):
    left = iter(range(3))

    def stop(request, timeout, rng):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return Processes()(request, timeout, rng)

    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, units("ab cd"), stop)
    assert {row["status"] for row in rows_of(read(tmp_path))} == {"pending"}
    rest = Processes()
    rows = go(tmp_path, units("ab cd"), rest)
    assert len(rest.requests) == 1
    assert {row["status"] for row in rows.values()} == {"ok"}
