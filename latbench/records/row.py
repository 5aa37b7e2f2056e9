"""From records to rows: one row for every planned cell of every run, whatever became of it."""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from statistics import median
from typing import Any

import numpy as np

from exporters.parity import Parity
from latbench import stats
from latbench.measure.launch import LaunchResult
from latbench.records.columns import columns
from latbench.records.device import device_columns
from latbench.records.flags import fired
from latbench.records.flags.base import Evidence
from latbench.records.limits import limits_of
from latbench.records.parse import Records
from latbench.records.record import PENDING, SCHEMA, CellPlan, CellRecord, RunRecord
from latbench.stats.looks import look_interval

Row = dict[str, Any]
"""Values by column name, every column present and in order; unknown is None."""

Samples = tuple[tuple[int, ...], ...]

MACHINE = ("usable_cpus", "cpu_model", "cpu_set", "cpu_quota", "kernel", "governor")
"""What `machine.probe` tells that is a column under the same name."""


def rows(records: Records, using: Sequence[stats.Statistic] | None = None) -> list[Row]:
    """Return one row per planned cell of each run, in the order planned.

    `using` replaces the statistics of `latbench.stats`. A run recorded twice counts as its latest record, and
    so does a cell's end; a cell without an end is `pending`; an ok cell whose outputs lie beyond
    `ParityLimits` is `parity_failed`.
    """
    chosen = tuple(stats.statistics() if using is None else using)
    names = [column.name for column in columns(chosen)]
    launches = records.ok_launches()
    ends = {(cell.run_id, cell.cell_id): cell for cell in records.cells}
    found = []
    for run in {run.run_id: run for run in records.runs}.values():
        for plan in run.cells:
            key = (run.run_id, plan.cell_id)
            results = tuple(launch.result for launch in launches.get(key, ()))
            values = _values(Evidence(run, plan, results), ends.get(key), chosen)
            found.append({name: values.get(name) for name in names})
    return found


def _values(evidence: Evidence, end: CellRecord | None, chosen: tuple[stats.Statistic, ...]) -> Row:
    launches = evidence.launches
    samples = tuple(launch.samples_ns for launch in launches if launch.samples_ns)
    return {
        **_planned(evidence.run, evidence.plan),
        **_actual(evidence),
        **ended(evidence, end),
        "launches": len(launches),
        "iterations": sum(map(len, samples)),
        **dict(_summary(samples, chosen)),
        **dict(_looked(samples, evidence.run.looks)),
        "first_inference_ms": _median(launches, lambda one: one.first_inference_ns, 1e6),
        "load_ms": _median(launches, lambda one: one.load_ns, 1e6),
        "compile_ms": _median(launches, lambda one: one.compile_ns, 1e6),
        "peak_rss_mib": _median(launches, lambda one: one.peak_rss_bytes, 2**20),
        **_parity(launches),
        **device_columns(evidence),
        "flags": ";".join(fired(evidence)) or None,
    }


def _planned(run: RunRecord, plan: CellPlan) -> Row:
    copied = {name: value for name, value in vars(plan).items() if name not in ("threads", "precision")}
    return {
        **copied,
        "schema": SCHEMA,
        "cell_id": plan.cell_id,
        "threads_requested": plan.threads,
        "precision_requested": plan.precision,
        "parity_reference": plan.reference_kind,
        "run_id": run.run_id,
        "created": run.created,
        "launches_requested": run.launches,
        "iterations_requested": run.iterations,
        "warmup": run.warmup,
        "protocol": run.protocol,
        "schedule": run.schedule,
        "precision_target_percent": None if run.precision_target is None else 100 * run.precision_target,
        "looks": "/".join(map(str, run.looks)) or None,
        "time_limit_s": run.time_limit_s if run.extend_s is None else run.extend_s,
        "parity_limit": limits_of(plan.precision).max_rel,
        "seed": run.seed,
        "versions": ";".join(f"{name}={version}" for name, version in sorted(run.versions.items())) or None,
        "command": shlex.join(run.command) or None,
        **{name: run.machine.get(name) for name in MACHINE},
    }


def _actual(evidence: Evidence) -> Row:
    told = {
        "runtime_version": "version",
        "device_actual": "device",
        "provider_actual": "provider",
        "precision_actual": "precision",
        "threads_actual": "threads",
        "spinning_actual": "spinning",
        "boundary": "boundary",
    }
    values = {column: evidence.actual(fact) for column, fact in told.items()}
    return {column: one[0] if len(one) == 1 else None for column, one in values.items()}


def ended(evidence: Evidence, end: CellRecord | None) -> Row:
    """Return the columns status and reason of a cell that ended so (None: not yet), as `rows` has them."""
    if end is None:
        reason = f"{len(evidence.launches)} of {evidence.run.launches} launches finished"
        return {"status": PENDING, "reason": reason}
    limits, reference = limits_of(evidence.plan.precision), evidence.plan.reference_kind or "the reference"
    over = [parity for parity in _parities(evidence.launches) if not limits.passes(parity)]
    if end.status == "ok" and over:
        worst = _worst(over)
        reason = (
            f"outputs differ from {reference}: max_rel {worst.max_rel:.3g} (limit {limits.max_rel:g}), "
            f"cosine {worst.cosine:.6g} (limit {limits.cosine:g})"
        )
        unlike = next((launch.reason for launch in evidence.launches if launch.reason is not None), None)
        if unlike is not None:
            reason = f"outputs cannot be compared with {reference}: {unlike}"
        return {"status": "parity_failed", "reason": reason}
    return {"status": end.status, "reason": " ".join((end.reason or "").split()) or None}


@lru_cache(maxsize=4096)
def _summary(samples: Samples, chosen: tuple[stats.Statistic, ...]) -> tuple[tuple[str, float | None], ...]:
    """Return the statistics by name. Kept, because a running run makes its rows anew after each launch."""
    if not samples:
        return ()
    launches = tuple(np.asarray(one, dtype=np.int64) for one in samples)
    return tuple((statistic.name, statistic.compute(launches)) for statistic in chosen)


@lru_cache(maxsize=4096)
def _looked(samples: Samples, looks: tuple[int, ...]) -> tuple[tuple[str, float | None], ...]:
    """Return the columns of the interval that allows for `looks`; none without looks."""
    if not samples or not looks:
        return ()
    found = look_interval(tuple(np.asarray(one, dtype=np.int64) for one in samples), looks)
    ends = {"low": found.low, "high": found.high}
    bounds = ((f"latency_ci95_{name}_ms", None if end is None else end / 1e6) for name, end in ends.items())
    return (*bounds, ("latency_ci95_half_percent", found.half_percent))


def _median(
    launches: Iterable[LaunchResult], told: Callable[[LaunchResult], int | None], unit: float
) -> float | None:
    known = [value for value in map(told, launches) if value is not None]
    return median(known) / unit if known else None


def _parities(launches: Iterable[LaunchResult]) -> list[Parity]:
    return [_as_parity(launch.parity) for launch in launches if launch.parity is not None]


def _as_parity(figures: Mapping[str, float]) -> Parity:
    return Parity(figures["max_abs"], figures["max_rel"], figures["cosine"])


def _worst(parities: Sequence[Parity]) -> Parity:
    """Return the largest differences and the smallest cosine; NaN, which never passes, wins over numbers."""
    return Parity(
        float(np.max([one.max_abs for one in parities])),
        float(np.max([one.max_rel for one in parities])),
        float(np.min([one.cosine for one in parities])),
    )


def _parity(launches: Iterable[LaunchResult]) -> Row:
    parities = _parities(launches)
    if not parities:
        return {}
    return {f"parity_{name}": figure for name, figure in _worst(parities).to_json().items()}
