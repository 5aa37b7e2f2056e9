"""Curves of latency: for each setting, size and lowering its latency, and its ratio to the spatial form."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.lowerings.base import SPATIAL
from latbench.stats import NS_PER_MS, Interval, launch_interval, log_ratios, t_interval
from latbench.stats.ratio import mean_effect
from latbench.studies.crossover.cells import Cell, Setting, Taken

Row = dict[str, Any]
Sizes = dict[int, dict[str, Cell]]
"""The cells of a setting by size and lowering."""


def settings(cells: Iterable[Cell]) -> dict[Setting, Sizes]:
    """Return the cells by setting, size (ascending) and lowering."""
    found: dict[Setting, Sizes] = {}
    for cell in cells:
        found.setdefault(cell.setting, {}).setdefault(cell.size, {})[cell.lowering] = cell
    return {setting: dict(sorted(sizes.items())) for setting, sizes in found.items()}


def described(setting: Setting) -> Row:
    """Return the columns that name a setting."""
    return {
        "runtime": setting.runtime,
        "model": setting.model,
        "axis": setting.axis,
        "channels": setting.channels,
        "dense": setting.dense,
        "context": setting.context,
        "threads": setting.threads,
        "device": setting.device,
        "source": "module" if setting.eager else "onnx",
    }


def curves(cells: Iterable[Cell]) -> list[Row]:
    """Return a row per cell: latency in ms, ratio spatial / this one, both as measured and net of a call.

    Ratios pair the launches of one process and have 95 % intervals over them; above 1 the lowering is faster
    than the spatial form. Net is less an empty call of the same process. `clock` tells whose latency it is:
    the "host" that calls, or the "device" by its own clock, beside which `host_ms` stands. Unknown is None.
    """
    return [
        _row(cell, by_lowering.get(SPATIAL))
        for sizes in settings(cells).values()
        for by_lowering in sizes.values()
        for cell in by_lowering.values()
    ]


def _row(cell: Cell, spatial: Cell | None) -> Row:
    taken = [cell.launches[index] for index in sorted(cell.launches)]
    latency = launch_interval(tuple(one.samples for one in taken)) if taken else None
    net = [one.raw - one.overhead for one in taken if one.overhead is not None]
    net_ms = t_interval(np.array(net)).estimate / NS_PER_MS if taken and len(net) == len(taken) else None
    pair = {} if spatial is None or cell.lowering == SPATIAL else paired(spatial, cell)
    host = tuple(one.host for one in taken if one.host is not None)
    return {
        **described(cell.setting),
        "size": cell.size,
        "lowering": cell.lowering,
        "family": cell.family,
        "exact": cell.exact,
        **_interval("latency", latency, "_ms", NS_PER_MS),
        "net_ms": net_ms,
        "clock": clock(cell),
        "host_ms": launch_interval(host).estimate / NS_PER_MS if host else None,
        **_interval("ratio", _ratio(pair, net=False)),
        **_interval("net_ratio", _ratio(pair, net=True)),
        "launches": len(taken),
        "status": cell.status,
        "reason": cell.reason,
        "artifact_sha256": cell.sha256,
        "machine": cell.machine,
    }


def _ratio(pair: Mapping[int, tuple[Taken, Taken]], *, net: bool) -> Interval | None:
    logs = logs_of(pair, net=net)
    return None if logs is None else mean_effect(np.array(list(logs.values()))).interval()


def _interval(name: str, found: Interval | None, unit: str = "", scale: float = 1.0) -> Row:
    ends = (None, None, None) if found is None else (found.estimate, found.low, found.high)
    return {
        f"{name}{end}{unit}": None if value is None else value / scale
        for end, value in zip(("", "_ci95_low", "_ci95_high"), ends, strict=True)
    }


def clock(cell: Cell) -> str | None:
    """Return whose clock timed the launches of `cell`: "host" or "device"; None without launches."""
    return next(("device" if one.on_device else "host" for one in cell.launches.values()), None)


def usable(cell: Cell) -> bool:
    """Tell whether a cell may be compared: measured, and its outputs are right."""
    return cell.status == "ok" and bool(cell.launches)


def paired(baseline: Cell, candidate: Cell) -> dict[int, tuple[Taken, Taken]]:
    """Return the launches that both have, by number: those of one number came from one process."""
    both = sorted(baseline.launches.keys() & candidate.launches.keys())
    return {index: (baseline.launches[index], candidate.launches[index]) for index in both}


def logs_of(pair: Mapping[int, tuple[Taken, Taken]], *, net: bool) -> dict[int, float] | None:
    """Return log(baseline / candidate) by launch, `net` of an empty call or as measured.

    None without launches, or where a launch is not above its empty call, or was given none.
    """
    if not pair:
        return None
    baseline, candidate = (tuple(two[side].samples for two in pair.values()) for side in (0, 1))
    costs = [two[1].overhead for two in pair.values()] if net else None
    if costs is not None and any(cost is None for cost in costs):
        return None
    try:
        logs: NDArray[np.float64] = log_ratios(baseline, candidate, costs)  # type: ignore[arg-type]
    except ValueError:
        return None
    return dict(zip(pair, map(float, logs), strict=True))
