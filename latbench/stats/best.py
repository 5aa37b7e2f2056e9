"""The latency of a machine at its best, the same tomorrow where disturbances move the median."""

from collections.abc import Callable

import numpy as np

from latbench.stats.base import NS_PER_MS, Launches, Statistic
from latbench.stats.interval import launch_interval, t_interval
from latbench.stats.levels import VISIT, Level, stretches
from latbench.stats.segments import Segment

TOLERANCE = 0.04
"""Stretches within this of the fastest are as fast."""

DISTURBED = 1.1
"""A cell whose latency is this many times its best was disturbed."""

_FEWEST = 3
_LEAST_SHARE = 0.03
"""Of all samples: what is rarer is luck, and the next fastest stretch takes its place."""

_SOURCE = "segments of the log latency, the fastest of them"


def best(launches: Launches) -> Level:
    """Return the latency that the cell kept while the machine served it best.

    Each launch is cut into `segments`; the stretches within 4 % of the fastest one are taken, the fastest
    being the first that has 3 % of all samples in such company. A neighbour on the host's cores slows a
    machine by shares that change from hour to hour, and with them the median; what is undisturbed does not
    change. It is no estimate of what to expect, but the one to compare between days. Where nothing disturbs,
    it is the median, less what the slowest launches add.
    """
    found = [(one, at) for at, parts in enumerate(stretches(launches)) for one in parts]
    found.sort(key=lambda pair: pair[0].median)
    total = sum(map(len, launches))
    sizes = np.array([len(one) for one, _ in found])
    medians = np.array([one.median for one, _ in found])
    stops = np.searchsorted(medians, medians * (1 + TOLERANCE), side="right")
    taken = np.append(0, np.cumsum(sizes))
    held = taken[stops] - taken[:-1]
    first = int(np.argmax(held >= _LEAST_SHARE * total))
    return _best(launches, found[first : stops[first]], total)


def slowdown(launches: Launches) -> float | None:
    """Return the headline latency over the best, where that is 1.1 or more: the cell was disturbed.

    None otherwise, and for fewer than three launches, of which none can be called usual.
    """
    if len(launches) < _FEWEST:
        return None
    at_best = best(launches).estimate
    ratio = launch_interval(launches).estimate / at_best if at_best > 0 else 1.0
    return ratio if ratio >= DISTURBED else None


def _best(launches: Launches, chosen: list[tuple[Segment, int]], total: int) -> Level:
    parts: dict[int, list[Segment]] = {}
    for one, at in chosen:
        parts.setdefault(at, []).append(one)
    samples = {
        at: np.concatenate([launches[at][one.start : one.stop] for one in here]) for at, here in parts.items()
    }
    long = {at: here for at, here in samples.items() if len(here) >= min(VISIT, len(launches[at]) / 2)}
    visits = long or {0: np.concatenate(list(samples.values()))}
    interval = t_interval(np.array([float(np.median(here)) for here in visits.values()]))
    share = sum(map(len, samples.values())) / total
    return Level(interval.estimate, interval.low, interval.high, share, len(visits))


def _milliseconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / NS_PER_MS


def _column(
    order: int, suffix: str, unit: str, description: str, tell: Callable[[Level], float | None]
) -> Statistic:
    return Statistic(
        f"best_{suffix}", unit, "none", order, description, _SOURCE, lambda launches: tell(best(launches))
    )


STATISTIC = (
    _column(
        90,
        "ms",
        "ms",
        "Latency kept while the machine was at its best: what to compare between days on a shared machine.",
        lambda one: _milliseconds(one.estimate),
    ),
    _column(
        91,
        "ci95_low_ms",
        "ms",
        "Lower end of its 95 % interval over the launches that reached it; empty for one.",
        lambda one: _milliseconds(one.low),
    ),
    _column(92, "ci95_high_ms", "ms", "Upper end of that interval.", lambda one: _milliseconds(one.high)),
    _column(93, "share_percent", "%", "Share of all samples within 4 % of it.", lambda one: 100 * one.share),
    _column(
        94,
        "launches",
        "count",
        "Launches that reached it: 20 samples at it, or half of theirs.",
        lambda one: float(one.launches),
    ),
)
