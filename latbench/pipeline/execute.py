"""The launches of a run: interleaved, each recorded at once, none lost and none repeated after a kill."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from latbench.measure.launch import LaunchRequest, LaunchResult
from latbench.measure.schedule import blocks
from latbench.measure.spawn import launch as spawn
from latbench.pipeline.estimate import Forecast
from latbench.pipeline.watch import Progress, Watch
from latbench.records import TABLE, CellPlan, CellRecord, LaunchRecord, Row, RunRecord, Store, csvfile, rows
from latbench.runtimes.base import SessionOptions, Source

ATTEMPTS = 2
"""A launch that failed is tried once more, then its cell is closed."""

GROUP = 12
"""At most this many cells are interleaved, so that the first rows of a long run are finished early."""

LEAST_TIMEOUT_S, TIMEOUT_FACTOR, UNTOLD_TIMEOUT_S = 600.0, 10.0, 3600.0

Launcher = Callable[[LaunchRequest, float | None, random.Random], LaunchResult]


@dataclass(frozen=True)
class Verdict:
    """How a cell ends without being launched: its status and the reason."""

    status: str
    reason: str


def groups(cells: Sequence[CellPlan], most: int = GROUP) -> tuple[tuple[CellPlan, ...], ...]:
    """Return `cells` in groups to interleave: of whole models, of at most `most` cells where models allow."""
    found: list[list[CellPlan]] = []
    models: dict[str, list[CellPlan]] = {}
    for cell in cells:
        models.setdefault(cell.model, []).append(cell)
    for whole in models.values():
        if found and len(found[-1]) + len(whole) <= most:
            found[-1] += whole
        else:
            found.append(list(whole))
    return tuple(map(tuple, found))


class Execution:
    """One run being carried out in an open store; `launcher` makes one launch (tests give their own)."""

    def __init__(
        self,
        store: Store,
        run: RunRecord,
        forecast: Forecast,
        *,
        watch: Watch | None = None,
        timeout: float | None = None,
        launcher: Launcher = spawn,
    ) -> None:
        self._store, self._run, self._forecast = store, run, forecast
        self._watch, self._timeout, self._launcher = watch or Watch(), timeout, launcher
        records = store.records()
        own = [launch for launch in records.launches if launch.run_id == run.run_id]
        self._done = {(one.cell_id, one.index) for one in own if one.result.status == "ok"}
        self._attempts = Counter((one.cell_id, one.index) for one in own)
        self._latest = {(one.cell_id, one.index): one.result for one in own}
        self._launchable: list[CellPlan] = []
        self._closed = {cell.cell_id for cell in records.cells if cell.run_id == run.run_id}

    def go(self, verdicts: Mapping[str, Verdict] | None = None) -> list[Row]:
        """Return the rows of the run once every cell is closed; cells with a verdict are closed first.

        Whatever stops it (an interrupt, a full disk) leaves all finished launches recorded.
        """
        settled = verdicts or {}
        self._launchable = [cell for cell in self._run.cells if cell.cell_id not in settled]
        for cell in self._run.cells:
            if cell.cell_id in settled and cell.cell_id not in self._closed:
                self._close(cell, settled[cell.cell_id].status, settled[cell.cell_id].reason)
        self._write_table()
        self._watch.started(self._run.run_id, self._progress())
        for group in groups(self._launchable):
            self._interleave(group)
        return self._rows()

    def _interleave(self, group: Sequence[CellPlan]) -> None:
        for index, block in enumerate(blocks(group, self._run.launches, self._run.seed or 0)):
            todo = [cell for cell in block if cell.cell_id not in self._closed]
            for cell in todo:
                self._ensure(cell, index)
            if todo:
                self._watch.block_ended(self._progress())

    def _ensure(self, cell: CellPlan, index: int) -> None:
        """Launch until this index is ok or its attempts are used up; close the cell when that ends it."""
        place = (cell.cell_id, index)
        while place not in self._done and self._attempts[place] < ATTEMPTS:
            self._launch(cell, index)
        if place not in self._done:
            failed = self._latest[place]
            again = f"launch {index + 1} of {self._run.launches}, tried {ATTEMPTS} times"
            self._close(cell, failed.status, f"{failed.reason or failed.status} ({again})")
        elif all((cell.cell_id, one) in self._done for one in range(self._run.launches)):
            self._close(cell, "ok", None)

    def _launch(self, cell: CellPlan, index: int) -> None:
        place = (cell.cell_id, index)
        attempt = self._attempts[place]
        self._watch.launching(cell, self._progress())
        started = datetime.now(UTC).isoformat(timespec="milliseconds")
        rng = random.Random(f"{self._run.seed}:{cell.cell_id}:{index}:{attempt}")
        result = self._launcher(self._request(cell), self._patience(cell), rng)
        self._store.append(
            LaunchRecord(
                run_id=self._run.run_id,
                cell_id=cell.cell_id,
                index=index,
                attempt=attempt,
                started=started,
                result=result,
            )
        )
        self._attempts[place] += 1
        self._latest[place] = result
        if result.status == "ok":
            self._done.add(place)
            if result.wall_ns is not None:
                self._forecast.observe(cell.cell_id, result.wall_ns / 1e9)
        self._write_table()
        self._watch.launched(cell, result, self._progress())

    def _request(self, cell: CellPlan) -> LaunchRequest:
        source = Source.from_json(cell.source)
        if source.path is not None:
            source = Source(source.kind, str(self._resolved(source.path)), source.factory, source.kwargs)
        return LaunchRequest(
            source=source,
            runtime=cell.runtime,
            options=SessionOptions(cell.device, cell.threads, cell.precision, cell.spinning),
            iterations=self._run.iterations // self._run.launches,
            warmup=self._run.warmup,
            reference=None if cell.reference is None else str(self._resolved(cell.reference)),
        )

    def _resolved(self, path: str) -> Path:
        return (self._store.directory / path).resolve()

    def _patience(self, cell: CellPlan) -> float:
        if self._timeout is not None:
            return self._timeout
        expected = self._forecast.launch_s(cell.cell_id)
        return UNTOLD_TIMEOUT_S if expected is None else max(LEAST_TIMEOUT_S, TIMEOUT_FACTOR * expected)

    def _close(self, cell: CellPlan, status: str, reason: str | None) -> None:
        self._store.append(
            CellRecord(run_id=self._run.run_id, cell_id=cell.cell_id, status=status, reason=reason)
        )
        self._closed.add(cell.cell_id)
        self._write_table()
        self._watch.finished(next(row for row in self._rows() if row["cell_id"] == cell.cell_id))

    def _write_table(self) -> None:
        csvfile.write(rows(self._store.records()), self._store.directory / TABLE)

    def _rows(self) -> list[Row]:
        return [row for row in rows(self._store.records()) if row["run_id"] == self._run.run_id]

    def _progress(self) -> Progress:
        left = [
            cell.cell_id
            for cell in self._launchable
            if cell.cell_id not in self._closed
            for index in range(self._run.launches)
            if (cell.cell_id, index) not in self._done
        ]
        total = len(self._launchable) * self._run.launches
        return Progress(total - len(left), total, self._forecast.remaining_s(left))
