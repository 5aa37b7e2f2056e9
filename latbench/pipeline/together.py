"""The launches of a sweep: each process times a whole unit of cells, and is recorded at once."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from latbench.measure.launch import LaunchResult
from latbench.measure.schedule import blocks
from latbench.measure.shared import SHARED_CELLS, SharedCell, SharedRequest, SharedResult
from latbench.measure.shared_spawn import launch as spawn
from latbench.pipeline.execute import ATTEMPTS, LEAST_TIMEOUT_S, TIMEOUT_FACTOR, UNTOLD_TIMEOUT_S, Verdict
from latbench.pipeline.knobs import session_options
from latbench.pipeline.watch import Progress, Watch
from latbench.records import TABLE, CellPlan, CellRecord, LaunchRecord, Row, RunRecord, Store, csvfile, rows
from latbench.runtimes.base import Source

Launcher = Callable[[SharedRequest, float | None, random.Random], SharedResult]


@dataclass(frozen=True)
class Unit:
    """The cells of one process: of one runtime, under the same options; `empty` is its empty graph."""

    cells: tuple[CellPlan, ...]
    empty: SharedCell | None = None


@dataclass(frozen=True)
class Pace:
    """How a sweep measures: samples and seconds of a launch, and what may be spent, as in `SweepOptions`."""

    samples: int
    budget_s: float
    time_limit: float | None = None
    timeout: float | None = None


class Together:
    """One sweep being carried out in an open store; `launcher` makes one launch (tests give their own).

    Rounds of all units, in an order drawn anew for each, so that an interrupted sweep has whole rounds. A
    process that dies is started once more; then its cells go alone, each in a process of its own, and one
    that fails there is closed with that status. So is a cell that failed in a process that lived.
    """

    def __init__(
        self,
        store: Store,
        run: RunRecord,
        units: Sequence[Unit],
        pace: Pace,
        *,
        watch: Watch | None = None,
        launcher: Launcher = spawn,
    ) -> None:
        self._store, self._run, self._pace = store, run, pace
        self._watch, self._launcher = watch or Watch(), launcher
        self._ids = {id(cell): cell.cell_id for cell in run.cells}
        self._units = [Unit(tuple(unit.cells), unit.empty) for unit in units]
        self._done: dict[str, dict[int, LaunchResult]] = defaultdict(dict)
        self._attempts: Counter[tuple[str, int]] = Counter()
        self._failed: dict[tuple[str, int], LaunchResult] = {}
        self._spent_s, self._walls_s = 0.0, dict[str, float]()
        records = store.records()
        for one in records.launches:
            if one.run_id == run.run_id:
                self._note(one.cell_id, one.index, one.result)
        self._closed = {one.cell_id: one.status for one in records.cells if one.run_id == run.run_id}

    def go(self, verdicts: Mapping[str, Verdict] | None = None) -> list[Row]:
        """Return the rows of the sweep once every cell is closed; cells with a verdict are closed first.

        Whatever stops it (an interrupt, a full disk) leaves all finished launches recorded. The table is
        written at the end alone: for a thousand cells it takes a minute.
        """
        for cell_id, verdict in (verdicts or {}).items():
            if cell_id not in self._closed:
                self._close(cell_id, verdict.status, verdict.reason)
        self._watch.started(self._run.run_id, self._progress())
        rounds, limit = self._rounds()
        for cell in self._run.cells:
            if self._id(cell) not in self._closed:
                self._end(cell, rounds, limit)
        return self._write_table()

    def _rounds(self) -> tuple[int, bool]:
        """Make the rounds; return how many there were, and whether the time limit ended them."""
        for number in range(self._run.launches):
            if number and self._too_long(number):
                return number, True
            for unit, index in blocks(self._units, number, self._run.seed or 0):
                self._ensure(unit, index)
            self._watch.block_ended(self._progress())
        return self._run.launches, False

    def _too_long(self, number: int) -> bool:
        """Tell whether round `number`, not begun yet, would end after the limit, as long as the others."""
        begun = any(index == number for _, index in self._attempts)
        limit = self._pace.time_limit
        return limit is not None and not begun and self._spent_s * (number + 1) / number > limit

    def _ensure(self, unit: Unit, index: int) -> None:
        """Launch until each cell of `unit` has launch `index` or is closed."""
        while missing := [cell for cell in self._open(unit) if index not in self._done[self._id(cell)]]:
            for cells in self._processes(unit, missing, index):
                self._launch(unit, cells, index)

    def _open(self, unit: Unit) -> list[CellPlan]:
        return [cell for cell in unit.cells if self._id(cell) not in self._closed]

    def _processes(self, unit: Unit, missing: list[CellPlan], index: int) -> list[list[CellPlan]]:
        """Return the cells of each process to start: all together, or each alone."""
        tried = [cell for cell in missing if self._attempts[self._id(cell), index]]
        apart = [[cell] for cell in missing]
        if self._unbearable(unit):
            return apart
        if not tried:
            return [missing]
        if len(tried) < len(missing):  # a kill came between the records of one process
            return [[cell for cell in missing if cell not in tried]]
        died = len(missing) == len(self._open(unit))
        tries = max(self._attempts[self._id(cell), index] for cell in tried)
        return [missing] if died and tries < ATTEMPTS else apart

    def _unbearable(self, unit: Unit) -> bool:
        """Tell whether the cells failed in company before, and none of them alone."""
        cells = self._open(unit)
        ids = [self._id(cell) for cell in unit.cells]
        closed = [one for one in ids if one in self._closed]
        if len(cells) < 2:
            return False
        for index in self._done[self._id(cells[0])]:
            told = [self._done[self._id(cell)].get(index) for cell in cells]
            alone = all(one is not None and one.witnesses.get(SHARED_CELLS) == 1 for one in told)
            if alone and not any((one, index) in self._failed for one in closed):
                return True
        return False

    def _launch(self, unit: Unit, cells: Sequence[CellPlan], index: int) -> None:
        """Launch `cells` in one process and record it; close one that failed for good."""
        first = self._id(cells[0])
        attempt = max(self._attempts[self._id(cell), index] for cell in cells)
        self._watch.launching(cells[0], self._progress())
        started = datetime.now(UTC).isoformat(timespec="milliseconds")
        place = f"{self._run.seed}:{first}:{index}:{attempt}"
        request = self._request(unit, cells, place)
        found = self._launcher(request, self._patience(cells), random.Random(place))
        for cell in cells:
            cell_id = self._id(cell)
            result = found[cell_id]
            record = LaunchRecord(
                run_id=self._run.run_id,
                cell_id=cell_id,
                index=index,
                attempt=self._attempts[cell_id, index],
                started=started,
                result=result,
            )
            self._store.append(record)
            self._note(cell_id, index, result)
            self._watch.launched(cell, result, self._progress())
        if len(cells) == 1 and found[first].status != "ok" and self._attempts[first, index] >= ATTEMPTS:
            self._give_up(cells[0], index, found[first])

    def _note(self, cell_id: str, index: int, result: LaunchResult) -> None:
        self._attempts[cell_id, index] += 1
        if result.status == "ok":
            self._done[cell_id].setdefault(index, result)
        else:
            self._failed[cell_id, index] = result
        seconds = (result.wall_ns or 0) / 1e9
        self._spent_s += seconds / (result.witnesses.get(SHARED_CELLS) or 1)
        self._walls_s[cell_id] = seconds

    def _request(self, unit: Unit, cells: Sequence[CellPlan], order: str) -> SharedRequest:
        one = cells[0]
        return SharedRequest(
            cells=tuple(self._cell(cell) for cell in cells),
            runtime=one.runtime,
            options=session_options(one),
            samples=self._pace.samples,
            budget_s=self._pace.budget_s * len({(cell.model, cell.input_shape) for cell in cells}),
            warmup=self._run.warmup,
            order=order,
            empty=unit.empty,
        )

    def _cell(self, cell: CellPlan) -> SharedCell:
        source = Source.from_json(cell.source)
        if source.path is not None:
            source = Source(source.kind, self._resolved(source.path), source.factory, source.kwargs)
        reference = None if cell.reference is None else self._resolved(cell.reference)
        return SharedCell(self._id(cell), source, reference)

    def _resolved(self, path: str) -> str:
        return str((self._store.directory / path).resolve())

    def _patience(self, cells: Sequence[CellPlan]) -> float:
        if self._pace.timeout is not None:
            return self._pace.timeout
        seen = [self._walls_s[self._id(cell)] for cell in cells if self._id(cell) in self._walls_s]
        return max(LEAST_TIMEOUT_S, TIMEOUT_FACTOR * max(seen)) if seen else UNTOLD_TIMEOUT_S

    def _give_up(self, cell: CellPlan, index: int, result: LaunchResult) -> None:
        tried = self._attempts[self._id(cell), index]
        reason = f"{result.reason or result.status} (launch {index + 1}, tried {tried} times, the last alone)"
        self._close(self._id(cell), result.status, reason)
        records = self._store.records()
        own = [run for run in records.runs if run.run_id == self._run.run_id]
        narrow = replace(own[-1], cells=(cell,))
        (row,) = rows(replace(records, runs=(narrow,)))
        self._watch.finished(row)

    def _end(self, cell: CellPlan, rounds: int, limit: bool) -> None:
        reason = None
        if limit:
            reason = (
                f"{rounds} of {self._run.launches} launches: the time limit of {self._pace.time_limit:g} s"
            )
        self._close(self._id(cell), "ok", reason)

    def _close(self, cell_id: str, status: str, reason: str | None) -> None:
        self._store.append(CellRecord(run_id=self._run.run_id, cell_id=cell_id, status=status, reason=reason))
        self._closed[cell_id] = status

    def _id(self, cell: CellPlan) -> str:
        if id(cell) not in self._ids:
            self._ids[id(cell)] = cell.cell_id
        return self._ids[id(cell)]

    def _write_table(self) -> list[Row]:
        found = rows(self._store.records())
        csvfile.write(found, self._store.directory / TABLE)
        return [row for row in found if row["run_id"] == self._run.run_id]

    def _progress(self) -> Progress:
        """Return processes done and to be done; a unit counts as launched when all its open cells are."""
        done, total, left_s, known = 0, 0, 0.0, True
        for unit in self._units:
            cells = self._open(unit)
            if not cells:
                continue
            ids = [self._id(cell) for cell in cells]
            finished = min(len(self._done[one]) for one in ids)
            done, total = done + finished, total + self._run.launches
            wall_s = max((self._walls_s[one] for one in ids if one in self._walls_s), default=None)
            known = known and wall_s is not None
            left_s += (self._run.launches - finished) * (wall_s or 0.0)
        return Progress(done, total, left_s if known else None, self._pace.time_limit is None)
