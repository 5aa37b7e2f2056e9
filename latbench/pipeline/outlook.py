"""What a run is going to be and how long it will take, told before it begins."""

from collections.abc import Mapping, Sequence

from latbench.machine.cpus import usable_cpus
from latbench.pipeline import estimate
from latbench.pipeline.options import RunOptions
from latbench.pipeline.plan import Planned, Wanted
from latbench.pipeline.rule import pilot_s
from latbench.pipeline.survey import Survey
from latbench.pipeline.watch import Overview
from latbench.records import CellPlan, RunRecord
from latbench.runtimes.shared.knobs import to_text

Seen = Mapping[estimate.Key, estimate.Cost]
"""What earlier launches cost."""


def overview(
    cells: Sequence[Wanted], options: RunOptions, exports: int, found: Survey, seen: Seen, *, jobs: int = 1
) -> Overview:
    """Return the plan of `cells`, of which `exports` artifacts are missing; `options` are what they share.

    `jobs` of them are made at one time.
    """
    pairs = [(one, _cost(one, found, seen)) for one in cells if one.refusal is None]
    known = [cost for _, cost in pairs if cost is not None]
    looks, before = options.looks, exports * estimate.EXPORT_S / jobs
    least = looks[0] if looks else options.launch_count
    inferences = options.warmup_count + (options.iteration_count or 0) // options.launch_count
    timed_s = pilot_s(options.label) if looks else 0.0
    seconds = before + least * sum(cost.launch_s(inferences) + timed_s for cost in known)
    limit = options.time_limit_s if looks else options.extend
    return Overview(
        models=tuple(dict.fromkeys(one.subject.name for one in cells)),
        runtimes=tuple(dict.fromkeys(one.runtime for one in cells)),
        cells=len(cells),
        skipped=len(cells) - len(pairs),
        launches=options.launch_count,
        iterations=options.iteration_count,
        target=options.target_share,
        looks=looks,
        most_seconds=None if limit is None else max(seconds, before + limit * len(pairs)),
        threads=tuple(dict.fromkeys(one.options.threads for one in cells)),
        exports=exports,
        seconds=seconds if known else None,
        basis=" and ".join(dict.fromkeys(cost.basis for cost in known)),
        untold=tuple(dict.fromkeys(one.subject.name for one, cost in pairs if cost is None)),
        jobs=jobs,
        refused=_refused(cells),
    )


def _refused(cells: Sequence[Wanted]) -> dict[str, list[tuple[str, str]]]:
    """Return the cells that will be skipped, as (model, runtime), by the reason."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in cells:
        if one.refusal is not None:
            found.setdefault(one.refusal, []).append((one.subject.name, one.runtime))
    return found


def forecast(planned: Sequence[Planned], record: RunRecord, found: Survey, seen: Seen) -> estimate.Forecast:
    """Return the forecast of the launches of `planned`."""
    usable = usable_cpus().count
    costs = {}
    for one in planned:
        cell = one.cell
        guess = estimate.from_macs(cell.macs, cell.runtime, min(cell.threads, usable), found, cell.device)
        costs[cell.cell_id] = seen.get(estimate.key_of(cell), guess)
    timed_s = pilot_s(record.protocol) if record.looks else 0.0
    return estimate.Forecast(costs, estimate.inferences_of(record), timed_s)


def _cost(one: Wanted, found: Survey, seen: Seen) -> estimate.Cost | None:
    """Return what a launch of a cell will cost, seen from before its artifact exists."""
    options, shape = one.options, one.subject.input_shape or ""
    cell = CellPlan(
        model=one.subject.name,
        input_shape=shape,
        target=one.target,
        lowering=one.lowering,
        runtime=one.runtime,
        source={},
        device=options.device,
        precision=options.precision,
        threads=options.threads,
        batch=int(shape.split("x")[0]) if shape.count("x") == 3 else 1,
        knobs=to_text(options.knobs.get(one.runtime, {})),
    )
    macs = one.subject.macs or one.subject.about_macs
    usable = min(options.threads, usable_cpus().count)
    guess = estimate.from_macs(macs, one.runtime, usable, found, options.device)
    return seen.get(estimate.key_of(cell), guess)
