"""A run, from its options to its rows."""

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latbench.errors import EnvironmentFault
from latbench.machine.cpus import usable_cpus
from latbench.machine.environment import speed_variables
from latbench.machine.probe import probe, versions
from latbench.measure.spawn import launch as spawn
from latbench.pipeline import estimate
from latbench.pipeline.child import WorkerDied, call
from latbench.pipeline.execute import Execution, Launcher
from latbench.pipeline.options import RunOptions
from latbench.pipeline.plan import Planned, Preparation, Wanted, lowering_of, subjects, wanted, with_macs
from latbench.pipeline.survey import ONE_THREAD, Survey
from latbench.pipeline.watch import Overview, Watch
from latbench.records import TABLE, CellPlan, Row, RunRecord, Store

_SAME_RUN = ("iterations", "launches", "warmup", "protocol", "seed", "versions")
_SAME_MACHINE = ("cpu_model", "usable_cpus", "cpu_set", "cpu_quota", "kernel")


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
    heard = watch or Watch()
    chosen = subjects(options)
    with Store.open(options.output) as store:
        options = _with_spinning(options, heard)
        found = _survey(options)
        cells = wanted(chosen, options, found.available)
        _check_any(cells, options)
        preparation = Preparation(options, heard)
        machine = probe()
        seen = estimate.earlier(store.records(), machine)
        heard.planned(
            _overview(cells, options, preparation.missing(cells), _costs(cells, options, found, seen))
        )
        planned = with_macs(preparation.plan(cells))
        record = _record(store, planned, options, machine=machine, command=command, watch=heard)
        forecast = _forecast(planned, record, found, seen)
        verdicts = {one.cell.cell_id: one.verdict for one in planned if one.verdict is not None}
        execution = Execution(
            store, record, forecast, watch=heard, timeout=options.timeout, launcher=launcher
        )
        rows = execution.go(verdicts)
        return Outcome(record.run_id, tuple(rows), store.directory / TABLE)


def _with_spinning(options: RunOptions, watch: Watch) -> RunOptions:
    """Return `options` with spinning off when threads exceed the CPUs and nothing else was asked for."""
    usable = usable_cpus().count
    if options.threads <= usable or options.spinning != "auto":
        return options
    watch.note(
        f"--threads {options.threads} exceeds the {usable} usable CPUs: spinning is off, the rows flagged."
    )
    return replace(options, spinning="off")


def _survey(options: RunOptions) -> Survey:
    names = list(dict.fromkeys(options.runtimes))
    begin = time.perf_counter()
    try:
        told = call("survey", {"names": names, "device": options.device}, ONE_THREAD)
    except WorkerDied as error:
        raise EnvironmentFault(
            f"A process that imports {', '.join(names)} died ({error}); reinstall them, or leave one out "
            "with --runtime."
        ) from error
    return Survey.from_json(told, time.perf_counter() - begin)


def _check_any(cells: Sequence[Wanted], options: RunOptions) -> None:
    reasons = {one.runtime: one.refusal for one in cells}
    if all(one.refusal is not None for one in cells):
        told = ". ".join(f"{runtime}: {reason}" for runtime, reason in reasons.items())
        raise EnvironmentFault(f"Nothing can run here. {told}.")


def _costs(
    cells: Sequence[Wanted], options: RunOptions, found: Survey, seen: Mapping[estimate.Key, estimate.Cost]
) -> list[estimate.Cost | None]:
    """Return what a launch of each cell will cost, seen from before the artifacts exist."""
    busy = min(options.threads, usable_cpus().count)
    costs = []
    for one in cells:
        shape = one.subject.input_shape or ""
        cell = CellPlan(
            model=one.subject.name,
            input_shape=shape,
            target=one.target,
            lowering=lowering_of(one, options.opset),
            runtime=one.runtime,
            source={},
            device=options.device,
            threads=options.threads,
            batch=int(shape.split("x")[0]) if shape.count("x") == 3 else 1,
        )
        macs = one.subject.macs or one.subject.about_macs
        guess = estimate.from_macs(macs, one.runtime, busy, found)
        costs.append(seen.get(estimate.key_of(cell), guess))
    return costs


def _overview(
    cells: Sequence[Wanted], options: RunOptions, exports: int, costs: Sequence[estimate.Cost | None]
) -> Overview:
    pairs = [(one, cost) for one, cost in zip(cells, costs, strict=True) if one.refusal is None]
    inferences = options.warmup + options.iterations // options.launch_count
    known = [cost for _, cost in pairs if cost is not None]
    seconds = (
        options.launch_count * sum(cost.launch_s(inferences) for cost in known) + exports * estimate.EXPORT_S
    )
    return Overview(
        models=tuple(dict.fromkeys(one.subject.name for one in cells)),
        runtimes=tuple(dict.fromkeys(one.runtime for one in cells)),
        cells=len(cells),
        skipped=len(cells) - len(pairs),
        launches=options.launch_count,
        iterations=options.iterations,
        threads=options.threads,
        exports=exports,
        seconds=seconds if known else None,
        basis=" and ".join(dict.fromkeys(cost.basis for cost in known)),
        untold=tuple(dict.fromkeys(one.subject.name for one, cost in pairs if cost is None)),
    )


def _forecast(
    planned: Sequence[Planned], record: RunRecord, found: Survey, seen: Mapping[estimate.Key, estimate.Cost]
) -> estimate.Forecast:
    usable = usable_cpus().count
    costs = {}
    for one in planned:
        cell = one.cell
        guess = estimate.from_macs(cell.macs, cell.runtime, min(cell.threads, usable), found)
        costs[cell.cell_id] = seen.get(estimate.key_of(cell), guess)
    return estimate.Forecast(costs, estimate.inferences_of(record))


def _record(
    store: Store,
    planned: Sequence[Planned],
    options: RunOptions,
    *,
    machine: Mapping[str, Any],
    command: Sequence[str],
    watch: Watch,
) -> RunRecord:
    """Return the record of the latest interrupted run with this plan, else that of a new run, appended."""
    now = datetime.now(UTC)
    fresh = RunRecord(
        run_id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        created=now.isoformat(timespec="seconds"),
        command=tuple(command),
        cells=tuple(one.cell for one in planned),
        iterations=options.iterations,
        launches=options.launch_count,
        warmup=options.warmup,
        protocol=options.protocol,
        seed=options.seed,
        machine=machine,
        versions=versions(),
        environment=speed_variables(os.environ),
    )
    open_runs = [] if options.fresh else _incomplete(store)
    for earlier in reversed(open_runs):
        if same_plan(earlier, fresh):
            return replace(earlier, cells=fresh.cells)
    if open_runs:
        watch.note(
            f"The interrupted run {open_runs[-1].run_id} in {options.output} was planned differently "
            f"({difference(open_runs[-1], fresh)}) and stays as it is; this is a new run."
        )
    store.append(fresh)
    return fresh


def _incomplete(store: Store) -> list[RunRecord]:
    records = store.records()
    ended = {(cell.run_id, cell.cell_id) for cell in records.cells}
    latest = {run.run_id: run for run in records.runs}.values()
    return [run for run in latest if any((run.run_id, cell.cell_id) not in ended for cell in run.cells)]


def same_plan(one: RunRecord, other: RunRecord) -> bool:
    """Tell whether launches of both may be counted together: same cells, protocol, versions and machine."""
    return difference(one, other) is None


def difference(one: RunRecord, other: RunRecord) -> str | None:
    """Return the first thing in which two plans differ; None when launches of both count together."""
    for name in _SAME_RUN:
        if getattr(one, name) != getattr(other, name):
            return f"other {name}"
    for name in _SAME_MACHINE:
        if one.machine.get(name) != other.machine.get(name):
            return f"other {name}"
    same = [cell.cell_id for cell in one.cells] == [cell.cell_id for cell in other.cells]
    return None if same else "other cells"
