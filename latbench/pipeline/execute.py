"""The launches of a run: interleaved, each recorded at once, none lost and none repeated after a kill."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from latbench.measure.launch import LaunchRequest, LaunchResult
from latbench.measure.schedule import SCHEDULES
from latbench.measure.spawn import launch as spawn
from latbench.measure.stop import Again, Stop
from latbench.pipeline.estimate import Forecast
from latbench.pipeline.knobs import session_options
from latbench.pipeline.protocol import ADAPTIVE
from latbench.pipeline.rule import rule_of
from latbench.pipeline.watch import Progress, Watch
from latbench.records import TABLE, CellPlan, CellRecord, LaunchRecord, Row, RunRecord, Store, csvfile, rows
from latbench.runtimes.base import Source

ATTEMPTS = 2
"""A launch that failed is tried once more, then its cell is closed."""

GROUP = 12
"""At most this many cells are interleaved, so that the first rows of a long run are finished early."""

PROBED = frozenset({"launches", ADAPTIVE})
"""The protocols in which the first launch of a cell probes for denormals: it costs a second or two."""

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
        self._rule = rule_of(run)
        records = store.records()
        own = [launch for launch in records.launches if launch.run_id == run.run_id]
        self._done: dict[str, dict[int, LaunchResult]] = defaultdict(dict)
        for one in own:
            if one.result.status == "ok":
                self._done[one.cell_id].setdefault(one.index, one.result)
        self._attempts = Counter((one.cell_id, one.index) for one in own)
        self._latest = {(one.cell_id, one.index): one.result for one in own}
        self._launchable: list[CellPlan] = []
        self._closed = {one.cell_id: one.status for one in records.cells if one.run_id == run.run_id}
        self._partners = _partners(run.cells) if run.schedule == "abba" else {}

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
        for group in self._groups():
            self._interleave(group)
        return self._rows()

    def _groups(self) -> tuple[tuple[CellPlan, ...], ...]:
        if self._run.schedule == "abba":
            return (self._run.cells,)
        return groups(self._launchable)

    def _interleave(self, group: Sequence[CellPlan]) -> None:
        order = SCHEDULES[self._run.schedule]
        for number in count():
            if all(cell.cell_id in self._closed for cell in group):
                return
            launched = [
                self._ensure(cell, index) for cell, index in order(group, number, self._run.seed or 0)
            ]
            if any(launched):
                self._watch.block_ended(self._progress())

    def _ensure(self, cell: CellPlan, index: int) -> bool:
        """Launch until this index is ok or its attempts are used up; tell whether anything was launched.

        The cell is closed when that ends it.
        """
        if cell.cell_id in self._closed:
            return False
        place, tried = (cell.cell_id, index), False
        decision = self._decision(cell)
        while isinstance(decision, Again) and index not in self._done[cell.cell_id]:
            if self._attempts[place] >= ATTEMPTS:
                decision = self._given_up(place)
            else:
                self._launch(cell, index, decision.iterations)
                tried = True
        if isinstance(decision, Again):
            decision = self._decision(cell)
        if isinstance(decision, Stop):
            self._close(cell, decision.status, decision.reason)
        return tried

    def _decision(self, cell: CellPlan) -> Again | Stop:
        partner = self._partners.get(cell.cell_id)
        ended = "ok" if partner is None else self._closed.get(partner.cell_id, "ok")
        if partner is not None and ended != "ok":
            told = f"{partner.model} on {partner.runtime}, to be compared with it, ended {ended}"
            return Stop("skipped", told)
        return self._rule.next(self._launches(cell))

    def _given_up(self, place: tuple[str, int]) -> Stop:
        failed = self._latest[place]
        again = f"launch {place[1] + 1}, tried {ATTEMPTS} times"
        return Stop(failed.status, f"{failed.reason or failed.status} ({again})")

    def _launches(self, cell: CellPlan) -> list[LaunchResult]:
        return [result for _, result in sorted(self._done[cell.cell_id].items())]

    def _launch(self, cell: CellPlan, index: int, iterations: int) -> None:
        place = (cell.cell_id, index)
        attempt = self._attempts[place]
        self._watch.launching(cell, self._progress())
        started = datetime.now(UTC).isoformat(timespec="milliseconds")
        rng = random.Random(f"{self._run.seed}:{cell.cell_id}:{index}:{attempt}")
        result = self._launcher(self._request(cell, index, iterations), self._patience(cell), rng)
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
            self._done[cell.cell_id][index] = result
            if result.wall_ns is not None:
                self._forecast.observe(cell.cell_id, result.wall_ns / 1e9)
        self._write_table()
        self._watch.launched(cell, result, self._progress())
        news = self._rule.news(self._launches(cell)) if result.status == "ok" else None
        if news is not None:
            self._watch.decided(cell, news)

    def _request(self, cell: CellPlan, index: int, iterations: int) -> LaunchRequest:
        source = Source.from_json(cell.source)
        if source.path is not None:
            source = Source(source.kind, str(self._resolved(source.path)), source.factory, source.kwargs)
        return LaunchRequest(
            source=source,
            runtime=cell.runtime,
            options=session_options(cell),
            iterations=iterations,
            warmup=self._run.warmup,
            reference=None if cell.reference is None else str(self._resolved(cell.reference)),
            probe_denormals=index == 0 and self._run.protocol in PROBED and self._run.schedule == "blocks",
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
        self._closed[cell.cell_id] = status
        self._write_table()
        self._watch.finished(next(row for row in self._rows() if row["cell_id"] == cell.cell_id))

    def _write_table(self) -> None:
        csvfile.write(rows(self._store.records()), self._store.directory / TABLE)

    def _rows(self) -> list[Row]:
        return [row for row in rows(self._store.records()) if row["run_id"] == self._run.run_id]

    def _progress(self) -> Progress:
        done = {cell.cell_id: len(self._done[cell.cell_id]) for cell in self._launchable}
        left = [
            cell.cell_id
            for cell in self._launchable
            if cell.cell_id not in self._closed
            for _ in range(self._rule.total(self._launches(cell)) - done[cell.cell_id])
        ]
        finished = sum(done.values())
        exact = not left or self._rule.exact
        return Progress(finished, finished + len(left), self._forecast.remaining_s(left), exact)


def _partners(cells: Sequence[CellPlan]) -> dict[str, CellPlan]:
    """Return by cell_id the other cell of each pair."""
    pairs = zip(cells[::2], cells[1::2], strict=True)
    return {one.cell_id: other for a, b in pairs for one, other in ((a, b), (b, a))}
