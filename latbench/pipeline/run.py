"""A run, from its options to its rows."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from latbench.errors import BadInput, EnvironmentFault
from latbench.machine.cpus import usable_cpus
from latbench.machine.probe import probe
from latbench.measure.spawn import launch as spawn
from latbench.pipeline import estimate, gpu
from latbench.pipeline.child import WorkerDied, call
from latbench.pipeline.execute import Execution, Launcher
from latbench.pipeline.options import RunOptions
from latbench.pipeline.outlook import Seen, forecast, overview
from latbench.pipeline.plan import (
    Planned,
    Preparation,
    Wanted,
    idle,
    packages_of,
    subjects,
    wanted,
    with_macs,
    without_effect,
)
from latbench.pipeline.pool import default_jobs
from latbench.pipeline.resume import continued, planned_record
from latbench.pipeline.subjects.base import Subject
from latbench.pipeline.survey import ONE_THREAD, Survey
from latbench.pipeline.watch import Overview, Watch
from latbench.records import RECORDS, TABLE, Records, Row, Store, read

SHARED = (
    *("output", "device", "iterations", "launches", "warmup", "protocol", "seed", "timeout", "fresh"),
    *("precision_target", "time_limit", "quick", "extend", "jobs"),
)
"""What all parts of a run have in common."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to: its rows in the order planned, and the CSV that holds them."""

    run_id: str
    rows: tuple[Row, ...]
    table: Path


def run(
    options: RunOptions,
    watch: Watch | None = None,
    command: Sequence[str] = (),
    launcher: Launcher = spawn,
) -> Outcome:
    """Return the outcome of the run that `options` ask for, continuing an interrupted one with the same plan.

    Everything that can be checked is checked before anything is measured. Raises BadInput for what cannot be
    used, EnvironmentFault when no runtime can run here or the results directory cannot be written.
    """
    return run_parts((options,), watch, command, launcher)


def run_parts(
    parts: Sequence[RunOptions],
    watch: Watch | None = None,
    command: Sequence[str] = (),
    launcher: Launcher = spawn,
    *,
    schedule: str = "blocks",
    arms: Sequence[str | None] = (),
) -> Outcome:
    """Return the outcome of one run of the cells of all `parts`, which may differ in what is not `SHARED`.

    `schedule` is one of `measure.schedule.SCHEDULES`; for "abba" the cells of all parts, in order, are taken
    in pairs. `arms` names each part, which keeps cells apart that are otherwise the same. Raises as `run`
    does, ValueError for parts that share too little.
    """
    heard, options = watch or Watch(), parts[0]
    _check_shared(parts, schedule)
    chosen = _chosen(parts, heard)
    with Store.open(options.output) as store, gpu.watching(options.device) as watched:
        machine = probe() | watched.machine
        seen = estimate.earlier(store.records(), machine)
        ahead = _ahead(parts, chosen, arms, heard, seen)
        heard.planned(ahead.overview)
        planned = with_macs(ahead.preparation.plan(ahead.cells))
        check_apart(planned)
        fresh = planned_record(
            [one.cell for one in planned],
            options,
            schedule=schedule,
            machine=machine,
            command=command,
            packages=packages_of(ahead.cells),
        )
        record = watched.completed(store, continued(store, fresh, heard, fresh=options.fresh), heard)
        verdicts = {one.cell.cell_id: one.verdict for one in planned if one.verdict is not None}
        execution = Execution(
            store,
            record,
            forecast(planned, record, ahead.found, seen),
            watch=heard,
            timeout=options.timeout,
            launcher=watched.launcher(launcher),
        )
        rows = execution.go(verdicts)
        return Outcome(record.run_id, tuple(rows), store.directory / TABLE)


def preview(options: RunOptions, watch: Watch | None = None) -> Overview:
    """Return the plan of the run that `options` ask for; nothing is exported, measured or written.

    Raises as `run` does for what cannot be used.
    """
    heard = watch or Watch()
    chosen = _chosen((options,), heard)
    records = read(options.output) if (options.output / RECORDS).is_file() else Records()
    with gpu.watching(options.device) as watched:
        seen = estimate.earlier(records, probe() | watched.machine)
    return _ahead((options,), chosen, (), heard, seen).overview


@dataclass(frozen=True)
class _Ahead:
    """What lies ahead of a run: its cells, what prepares them, what the runtimes can do here, the plan."""

    cells: Sequence[Wanted]
    preparation: Preparation
    found: Survey
    overview: Overview


def _chosen(parts: Sequence[RunOptions], heard: Watch) -> list[tuple[Subject, ...]]:
    """Return the subjects of each part, and tell of options that change nothing in some of them."""
    chosen = [subjects(part) for part in parts]
    every = [subject for found in chosen for subject in found]
    notes = without_effect(every, dict.fromkeys(form for part in parts for form in part.forms))
    for inputs in dict.fromkeys(part.inputs for part in parts):
        of_these = [found for found, part in zip(chosen, parts, strict=True) if part.inputs == inputs]
        notes += idle([subject for found in of_these for subject in found], inputs)
    for note in notes if parts[0].names else ():
        heard.note(note)
    return chosen


def _ahead(
    parts: Sequence[RunOptions],
    chosen: Sequence[tuple[Subject, ...]],
    arms: Sequence[str | None],
    heard: Watch,
    seen: Seen,
) -> _Ahead:
    spun = _with_spinning(parts, heard)
    found = survey_of(spun)
    named = arms or [None] * len(parts)
    cells = [
        one
        for subject, part, arm in zip(chosen, spun, named, strict=True)
        for one in wanted(subject, part, found.available, arm)
    ]
    check_any(cells)
    jobs = jobs_of(parts[0].jobs, cells)
    preparation = Preparation(parts[0].output, heard, jobs)
    told = overview(cells, parts[0], preparation.missing(cells), found, seen, jobs=jobs)
    return _Ahead(cells, preparation, found, told)


def jobs_of(asked: int | None, cells: Sequence[Wanted]) -> int:
    """Return how many exports to make at one time: as `asked`, else 1 for one model, or `default_jobs`."""
    if asked is not None:
        return asked
    return default_jobs() if len({one.subject.name for one in cells if one.refusal is None}) > 1 else 1


def _check_shared(parts: Sequence[RunOptions], schedule: str) -> None:
    if schedule != "blocks" and (parts[0].looks or parts[0].extend):
        raise ValueError(f"a run that decides for itself when to stop cannot be scheduled as {schedule}")
    for name in SHARED:
        if any(getattr(part, name) != getattr(parts[0], name) for part in parts):
            raise ValueError(f"the parts of a run differ in {name}")


def check_apart(planned: Sequence[Planned]) -> None:
    """Return None when no two cells are the same; BadInput names the one that is asked for twice."""
    often = Counter(one.cell.cell_id for one in planned)
    for one in planned:
        if often[one.cell.cell_id] > 1:
            cell = one.cell
            raise BadInput(f"{cell.model} on {cell.runtime} is asked for twice with the same settings.")


def _with_spinning(parts: Sequence[RunOptions], watch: Watch) -> list[RunOptions]:
    """Return `parts`, spinning off where threads exceed the CPUs and nothing else was asked for."""
    usable = usable_cpus().count
    over = [part.threads > usable and part.spinning == "auto" for part in parts]
    for threads in dict.fromkeys(part.threads for part, many in zip(parts, over, strict=True) if many):
        watch.note(
            f"--threads {threads} exceeds the {usable} usable CPUs: spinning is off, the rows flagged."
        )
    return [replace(part, spinning="off") if many else part for part, many in zip(parts, over, strict=True)]


def survey_of(parts: Sequence[RunOptions]) -> Survey:
    """Return what the runtimes of all `parts` can do here; EnvironmentFault when importing one is fatal."""
    names = list(dict.fromkeys(name for part in parts for name in part.runtimes))
    begin = time.perf_counter()
    try:
        told = call("survey", {"names": names, "device": parts[0].device}, ONE_THREAD)
    except WorkerDied as error:
        raise EnvironmentFault(
            f"A process that imports {', '.join(names)} died ({error}); reinstall them, or leave one out "
            "with --runtime."
        ) from error
    return Survey.from_json(told, time.perf_counter() - begin)


def check_any(cells: Sequence[Wanted]) -> None:
    """Return None when some of `cells` can run here; EnvironmentFault says why none can."""
    reasons = {one.runtime: one.refusal for one in cells}
    if all(one.refusal is not None for one in cells):
        told = ". ".join(f"{runtime}: {reason}" for runtime, reason in reasons.items())
        raise EnvironmentFault(f"Nothing can run here. {told}.")
