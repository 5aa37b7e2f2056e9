"""Which lowering is fastest where: a sweep's records as the table that `auto` chooses from."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exporters.lowerings.base import SPATIAL, Circular
from exporters.lowerings.choice import EAGER, chooser, eager
from exporters.lowerings.name import AUTO, parse
from exporters.lowerings.table import NEIGHBOURS, Row, Table, ordered
from latbench.errors import BadInput
from latbench.records import Records, RunRecord
from latbench.stats import launch_interval, ratio_interval
from latbench.studies.crossover.cells import Cell, Setting, cells_of, run_of
from latbench.studies.crossover.grid import CONTEXTS

_NEIGHBOURS = dict(zip(CONTEXTS, NEIGHBOURS, strict=True))
_VERSIONS = ("onnxruntime", "openvino", "torch", "latbench")


def table_of(records: Records, run_id: str | None = None) -> Table:
    """Return the table of the run with this id, the latest for None; BadInput when nothing can be compared.

    One row per operator and lowering that was measured beside the spatial form: the ratio of latencies is
    over launches that both have, each launch one process, with its 95 % interval. Calls of an operator cost
    what a call costs here: the call overhead is in both, as it is for whoever runs the graph.
    """
    run = run_of(records, run_id)
    elsewhere = {} if run is None else {cell.device: None for cell in run.cells if cell.device != "cpu"}
    if elsewhere:
        raise BadInput(
            f"These results are of {', '.join(elsewhere)}, and the table is for CPUs; name those of latbench "
            "tune, or of latbench crossover without --device."
        )
    cells: dict[tuple[Setting, int], dict[str, Cell]] = {}
    for cell in () if run is None else cells_of(records, run):
        if cell.setting.axis is not None and cell.launches and cell.lowering != AUTO and _told(cell.setting):
            cells.setdefault((cell.setting, cell.size), {})[_text(cell)] = cell
    rows = [row for key, found in cells.items() if SPATIAL in found for row in _rows(*key, found)]
    if run is None or not rows:
        raise BadInput(
            "No operator was measured both in the spatial form and lowered; name the results of latbench "
            "tune or of latbench crossover."
        )
    return Table(tuple(ordered(rows)), facts(run), f"run {run.run_id}")


def _told(setting: Setting) -> bool:
    """Tell whether the table is for such cells: of CPUs, of exported graphs or of plain PyTorch."""
    return setting.device == "cpu" and (not setting.eager or setting.runtime == EAGER)


def _text(cell: Cell) -> str:
    """Return the name of what was measured: where PyTorch runs it "fft" is torch.fft, else a lowering."""
    return cell.lowering if cell.setting.runtime == EAGER else parse(cell.lowering).text


def _rows(setting: Setting, size: int, found: Mapping[str, Cell]) -> Iterator[Row]:
    spatial = found[SPATIAL].launches
    assert setting.axis is not None
    assert setting.channels is not None
    for lowering, cell in found.items():
        both = sorted(spatial.keys() & cell.launches.keys())
        if not both:
            continue
        base, mine = (tuple(each[index].samples for index in both) for each in (spatial, cell.launches))
        ratio = ratio_interval(base, mine)
        low, high = (None, None) if lowering == SPATIAL else (ratio.low, ratio.high)
        yield Row(
            runtime=setting.runtime,
            axis=setting.axis,
            length=size,
            channels=setting.channels,
            threads=setting.threads,
            neighbours=_NEIGHBOURS[setting.context],
            dense=bool(setting.dense),
            lowering=lowering,
            ms=launch_interval(mine).estimate / 1e6,
            over_spatial=ratio.estimate,
            ci95_low=low,
            ci95_high=high,
            cpu=cell.machine,
        )


def facts(run: RunRecord) -> dict[str, str]:
    """Return what the table says of itself: the machine, the date, the versions."""
    cpu, cpus = run.machine.get("cpu_model"), run.machine.get("usable_cpus")
    known = {
        "machine": None if cpu is None else f"{cpu}, {cpus} CPUs",
        "cpu": cpu,
        "date": run.created,
        "versions": ", ".join(f"{name} {run.versions[name]}" for name in _VERSIONS if run.versions.get(name)),
        "launches": run.launches,
    }
    return {name: str(value) for name, value in known.items() if value}


def updated(new: Table, old: Table | None) -> Table:
    """Return the rows of `new`, with those of `old` for cells that are not in it if it is of this machine."""
    if old is None or not old.matches(new.cpu):
        return new
    both = new.over(old)
    return Table(tuple(ordered(both.rows)), new.facts, new.origin)


def changes(new: Table, old: Table) -> list[dict[str, Any]]:
    """Return a row for each operator that `new` measured: what `auto` takes for it by `new` and by `old`.

    `over_spatial` is what was measured now of either choice; None where the old one was not measured.
    """
    seen: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in new.rows:
        seen.setdefault(row.cell, {})[row.lowering] = row
    return [_change(next(iter(cell.values())), cell, new.over(old), old) for cell in seen.values()]


def _change(row: Row, cell: Mapping[str, Row], new: Table, old: Table) -> dict[str, Any]:
    now, before = (_chosen(row, table) for table in (new, old))
    return {
        **{name: getattr(row, name) for name in ("runtime", "axis", "length", "channels", "threads")},
        "neighbours": row.neighbours,
        "dense": row.dense,
        "chosen": now,
        "over_spatial": _ratio(cell, now),
        "before": before,
        "before_over_spatial": _ratio(cell, before),
    }


def _chosen(row: Row, table: Table) -> str:
    if row.runtime == EAGER:
        return eager(row.axis, row.length, row.channels, row.threads, table)
    taps = (row.channels, row.channels, row.length) if row.dense else (row.channels, row.length)
    op = Circular(row.axis, (1, row.channels, row.length, row.length), np.broadcast_to(np.float64(0), taps))
    return chooser(AUTO, row.runtime, row.threads, table)(op, row.neighbours).choice.text


def _ratio(cell: Mapping[str, Row], lowering: str) -> float | None:
    return cell[lowering].over_spatial if lowering in cell else None
