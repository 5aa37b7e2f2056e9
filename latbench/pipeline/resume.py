"""Whether a run goes on where an interrupted one stopped, and if not, why not."""

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from latbench.machine.environment import speed_variables
from latbench.machine.probe import versions
from latbench.pipeline.options import RunOptions
from latbench.pipeline.watch import Watch
from latbench.records import CellPlan, RunRecord, Store

_SAME_RUN = (
    *("iterations", "launches", "warmup", "protocol", "seed", "versions", "schedule"),
    *("precision_target", "time_limit_s", "looks", "extend_s", "budget_s"),
)
_SAME_MACHINE = ("cpu_model", "usable_cpus", "cpu_set", "cpu_quota", "kernel")
_SAME_GPU = ("uuid", "name", "driver", "power_limit_w")


def planned_record(
    cells: Sequence[CellPlan],
    options: RunOptions,
    *,
    schedule: str,
    machine: Mapping[str, Any],
    command: Sequence[str],
    packages: Mapping[str, str] | None = None,
) -> RunRecord:
    """Return the record of a new run of `cells`, begun now.

    `packages` are the versions of further packages that its models come from.
    """
    now = datetime.now(UTC)
    return RunRecord(
        run_id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        created=now.isoformat(timespec="seconds"),
        command=tuple(command),
        cells=tuple(cells),
        iterations=options.iteration_count,
        launches=options.launch_count,
        warmup=options.warmup_count,
        protocol=options.label,
        seed=options.seed,
        machine=machine,
        versions=versions() | dict(packages or {}),
        environment=speed_variables(os.environ),
        schedule=schedule,
        precision_target=options.target_share,
        time_limit_s=options.time_limit_s,
        looks=options.looks,
        extend_s=options.extend,
    )


def continued(store: Store, planned: RunRecord, watch: Watch, *, fresh: bool) -> RunRecord:
    """Return the record of the latest interrupted run with this plan, else `planned`, appended to the store.

    `fresh` leaves interrupted runs alone. `watch` hears why an interrupted run is not continued.
    """
    unfinished = [] if fresh else _unfinished(store)
    for earlier in reversed(unfinished):
        if same_plan(earlier, planned):
            return replace(earlier, cells=planned.cells)
    if unfinished:
        watch.note(
            f"The interrupted run {unfinished[-1].run_id} in {store.directory} was planned differently "
            f"({difference(unfinished[-1], planned)}) and stays as it is; this is a new run."
        )
    store.append(planned)
    return planned


def _unfinished(store: Store) -> list[RunRecord]:
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
    cards = [run.machine.get("gpu") or {} for run in (one, other)]
    for name in _SAME_GPU:
        if cards[0].get(name) != cards[1].get(name):
            return f"other gpu {name}"
    same = [cell.cell_id for cell in one.cells] == [cell.cell_id for cell in other.cells]
    return None if same else "other cells"
