"""A sweep: many lowerings of many subjects, the cells of one runtime sharing their launches."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from exporters.errors import InputError
from exporters.lowerings import name as names
from latbench.machine.files import Tree
from latbench.machine.memory import memory
from latbench.machine.probe import probe
from latbench.measure.shared import SharedCell
from latbench.measure.shared_spawn import launch as spawn
from latbench.pipeline import gpu
from latbench.pipeline.child import WorkerDied, call
from latbench.pipeline.execute import Verdict
from latbench.pipeline.export import missing_packages
from latbench.pipeline.lowered import EMPTY, Outcome, known
from latbench.pipeline.plan import (
    ARTIFACTS,
    GIVEN,
    Preparation,
    Wanted,
    packages_of,
    subjects,
    wanted,
    with_macs,
)
from latbench.pipeline.prepared import Prepared
from latbench.pipeline.resume import continued, planned_record
from latbench.pipeline.run import Outcome as SweepOutcome
from latbench.pipeline.run import check_any, check_apart, survey_of
from latbench.pipeline.subjects.base import ONNX, PARC
from latbench.pipeline.survey import ONE_THREAD
from latbench.pipeline.sweepoptions import Group, SweepOptions
from latbench.pipeline.together import Launcher, Pace, Together, Unit
from latbench.pipeline.watch import Overview, Watch
from latbench.records import TABLE, CellPlan, Store
from latbench.runtimes.base import Source

__all__ = ["Group", "SweepOptions", "SweepOutcome", "sweep"]

SHARED = "shared"
"""The schedule of a sweep."""

JOBS_A_CALL = 8
"""Subjects that one call of the worker prepares: what is shown moves on, and little is lost by a kill."""

LARGE_BYTES = 128 << 20
"""An input this large is prepared without another beside it: preparing takes about 18 times as much."""

CPU = "cpu"
GPU_CELLS, GPU_BYTES = 24, 8 << 30
"""The cells, and what they may take, of a process on a GPU: to start one takes as long as to time dozens."""

COPIES, OVERHEAD_S = 8, 4.0
"""Activations that a loaded cell is taken to hold, and seconds of a launch around its budget."""


def sweep(
    options: SweepOptions,
    watch: Watch | None = None,
    command: Sequence[str] = (),
    launcher: Launcher = spawn,
) -> SweepOutcome:
    """Return the outcome of the sweep that `options` ask for, continuing an interrupted one of the same plan.

    Every cell becomes a row: those that cannot be lowered as asked, or that would repeat another's graph, are
    skipped with the reason. `watch` hears of rows only when a cell is given up. Raises as `run` does.
    """
    heard, parts = watch or Watch(), options.parts()
    with Store.open(options.output) as store, gpu.watching(parts[0].device) as watched:
        found = survey_of(parts)
        cells = [one for part in parts for one in wanted(subjects(part), part, found.available)]
        check_any(cells)
        folder = options.output / ARTIFACTS
        making = _Lowerings(folder, heard)
        heard.planned(_overview(options, cells, making))
        making.prepare(cells)
        planned = with_macs(_Preparation(options.output, heard, making).plan(cells))
        check_apart(planned)
        fresh = replace(
            planned_record(
                [one.cell for one in planned],
                parts[0],
                schedule=SHARED,
                machine=probe() | watched.machine,
                command=command,
                packages=packages_of(cells),
            ),
            time_limit_s=options.time_limit,
            budget_s=options.budget_s,
        )
        record = watched.completed(store, continued(store, fresh, heard, fresh=options.fresh), heard)
        verdicts = {one.cell.cell_id: one.verdict for one in planned if one.verdict is not None}
        empty = _empty(folder)
        kept = [one.cell for one in planned if one.verdict is None]
        units = [
            Unit(cells, empty.get(str(cells[0].source["kind"]))) for cells in units_of(kept, _room_bytes())
        ]
        pace = Pace(options.samples, options.budget_s, options.time_limit, options.timeout)
        timed = watched.launcher(launcher)
        together = Together(store, record, units, pace, watch=heard, launcher=timed)
        return SweepOutcome(record.run_id, tuple(together.go(verdicts)), store.directory / TABLE)


def units_of(cells: Iterable[CellPlan], room_bytes: float) -> list[tuple[CellPlan, ...]]:
    """Return the cells of each process: of one subject, runtime and number of threads.

    One whose cells would together need more memory than `room_bytes` is split, evenly. On a GPU several
    subjects share a process, up to `GPU_CELLS` cells.
    """
    found: dict[tuple[Any, ...], list[CellPlan]] = {}
    for cell in cells:
        found.setdefault((cell.model, cell.input_shape, cell.runtime, cell.threads), []).append(cell)
    return _packed([part for whole in found.values() for part in _split(whole, room_bytes)], room_bytes)


def _packed(units: Iterable[tuple[CellPlan, ...]], room_bytes: float) -> list[tuple[CellPlan, ...]]:
    """Return `units`, those on a GPU put together as far as cells and memory of a process allow."""
    found: list[tuple[CellPlan, ...]] = []
    open_for: dict[tuple[str, int], int] = {}
    for unit in units:
        key = (unit[0].runtime, unit[0].threads)
        place = None if unit[0].device == CPU else open_for.get(key)
        both = () if place is None else (*found[place], *unit)
        if place is None or len(both) > GPU_CELLS or sum(map(_bytes, both)) > min(room_bytes, GPU_BYTES):
            open_for[key] = len(found)
            found.append(unit)
        else:
            found[place] = both
    return found


def _split(cells: Sequence[CellPlan], room_bytes: float) -> Iterator[tuple[CellPlan, ...]]:
    needed = sum(_bytes(cell) for cell in cells)
    parts = min(len(cells), max(1, -int(-needed // room_bytes)))
    for part in range(parts):
        yield tuple(cells[part * len(cells) // parts : (part + 1) * len(cells) // parts])


def _bytes(cell: CellPlan) -> int:
    """Return about how much memory a loaded cell takes: its weights twice, and some activations."""
    return 2 * (cell.artifact_bytes or 0) + COPIES * _activation_bytes(cell.input_shape)


def _activation_bytes(shape: str) -> int:
    sizes = (one.split("x") for one in shape.split(";") if one[:1].isdecimal())
    return 4 * sum(prod(map(int, one)) for one in sizes)


def _room_bytes() -> float:
    """Return what the cells of one process may take: half of what this machine, or its quota, has."""
    told = memory(Tree(Path("/")))
    return min((size for size in (told.total, told.limit) if size is not None), default=float("inf")) / 2


def _overview(options: SweepOptions, cells: Sequence[Wanted], making: "_Lowerings") -> Overview:
    live = [one for one in cells if one.refusal is None]
    units = {(one.subject.name, one.subject.resolution, one.runtime, one.options.threads) for one in live}
    seconds = len(units) * options.launches * (options.budget_s + OVERHEAD_S)
    return Overview(
        models=tuple(dict.fromkeys(one.subject.name for one in cells)),
        runtimes=tuple(dict.fromkeys(one.runtime for one in cells)),
        cells=len(cells),
        skipped=len(cells) - len(live),
        launches=options.launches,
        iterations=options.launches * options.samples,
        threads=tuple(dict.fromkeys(options.threads)),
        exports=making.missing(cells),
        seconds=seconds if options.time_limit is None else min(seconds, options.time_limit),
        basis="the timing budget of each shared launch, exports left out",
    )


Key = tuple[Any, ...]


class _Lowerings:
    """What became of each wish: met earlier, or made by the worker, all forms of a subject together."""

    def __init__(self, folder: Path, watch: Watch) -> None:
        self._folder, self._watch = folder, watch
        self._outcomes: dict[Key, Outcome] = {}

    def missing(self, cells: Iterable[Wanted]) -> int:
        """Return how many are still to be made; the others are looked up."""
        for one in cells:
            if not _makeable(one) or _key(one) in self._outcomes:
                continue
            found = known(one.wish, self._folder)
            if found is not None:
                self._outcomes[_key(one)] = found
        return len({_key(one) for one in cells if _makeable(one)} - self._outcomes.keys())

    def prepare(self, cells: Iterable[Wanted]) -> None:
        """Make what is missing, as far as it can be; a worker that dies leaves the rest to be made singly."""
        jobs: dict[Key, dict[Key, Wanted]] = {}
        for one in cells:
            if _makeable(one) and _key(one) not in self._outcomes and _can_make(one):
                jobs.setdefault((one.subject.name, one.subject.resolution), {})[_key(one)] = one
        waiting = list(jobs.values())
        while waiting:
            now, waiting = waiting[:JOBS_A_CALL], waiting[JOBS_A_CALL:]
            first = next(iter(now[0].values())).subject.name
            forms = sum(map(len, now))
            more = f", and {len(now) - 1} more subjects" if len(now) > 1 else ""
            self._watch.preparing(f"{first}{more}", f"preparing {forms} form{'s' * (forms != 1)}")
            asked = [
                {"wishes": [one.wish.to_json() for one in job.values()], "large": _large(job)} for job in now
            ]
            try:
                told = call("lowered", {"jobs": asked, "folder": str(self._folder)}, ONE_THREAD)["outcomes"]
            except WorkerDied as error:
                self._watch.note(f"The process that prepares lowerings died ({error}); each is made alone.")
                continue
            for job, outcomes in zip(now, told, strict=True):
                self._outcomes |= zip(job, outcomes, strict=True)

    def of(self, one: Wanted) -> Outcome | None:
        """Return what became of a cell's wish, None when it is still to be made."""
        return self._outcomes.get(_key(one))


def _makeable(one: Wanted) -> bool:
    return one.refusal is None and one.target != GIVEN


def _can_make(one: Wanted) -> bool:
    return one.source != ONNX or missing_packages() is None


def _key(one: Wanted) -> Key:
    return (one.wish.kind, one.wish.stem)


def _large(job: Mapping[Key, Wanted]) -> bool:
    return any(_activation_bytes(one.subject.input_shape or "") >= LARGE_BYTES for one in job.values())


class _Preparation(Preparation):
    """The preparation of a run, which finds made what `lowerings` have made, and leaves out repetitions."""

    def __init__(self, output: Path, watch: Watch, lowerings: _Lowerings) -> None:
        super().__init__(output, watch)
        self._lowerings = lowerings
        self._seen: dict[Key, str] = {}

    def _key(self, one: Wanted) -> Hashable:
        return super()._key(one) if one.target == GIVEN else (one.source, *_key(one))

    def _settled(self, one: Wanted) -> Prepared | Verdict | None:
        outcome = self._lowerings.of(one)
        if outcome is None:
            return super()._settled(one)
        if "failed" in outcome:
            return Verdict("failed", outcome["failed"])
        asked = one.wish.forms.get(PARC)
        reason = None if asked is None else refused(asked, outcome.get("sites", []))
        if reason is None and asked != names.AUTO and "structure" in outcome:
            place = (one.subject.name, one.subject.resolution, one.target, outcome["structure"])
            first = self._seen.setdefault(place, one.lowering or "")
            reason = None if first == (one.lowering or "") else f"its graph is that of {first}"
        return Verdict("skipped", reason) if reason else Prepared.from_json(outcome["prepared"])


def refused(asked: str, sites: Sequence[Mapping[str, Any]]) -> str | None:
    """Return why no site could be lowered as `asked`, None where one was or where nothing was asked."""
    if asked == names.AUTO or not sites:
        return None
    try:
        wish = names.parse(asked)
    except InputError:
        return None
    used = [names.parse(str(site["used"])) for site in sites]
    met = any(
        one.lowering == wish.lowering and (wish.factor is None or one.factor == wish.factor) for one in used
    )
    return None if met else str(sites[0]["reason"])


def _empty(folder: Path) -> dict[str, SharedCell]:
    """Return the empty graph by kind of source; where no ONNX file can be written, only the module."""
    path = folder / f"{EMPTY}.onnx"
    if not path.exists() and missing_packages() is None:
        call("empty", {"folder": str(folder)})
    if not path.exists():
        return {}
    reference = str(path.with_suffix(".npz").resolve())
    return {
        "onnx": SharedCell(EMPTY, Source("onnx", path=str(path.resolve())), reference),
        "module": SharedCell(EMPTY, Source("module", factory="torch.nn:Identity"), reference),
    }
