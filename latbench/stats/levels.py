"""The levels at which a cell ran: where a machine has regimes, one number for two of them is neither."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from latbench.stats.base import NS_PER_MS, Launches, Statistic
from latbench.stats.grouping import MOST, boundaries
from latbench.stats.interval import t_interval
from latbench.stats.segments import Segment, segments

VISIT = 20
"""Samples of a launch at a level, or half the launch, that make it a visit: its median counts."""

ENOUGH = 5
"""Visits from which the interval of a level is worth trusting."""

_SOURCE = "segments of the log latency, grouped (Kovács et al. 2023; Ashman, Bird & Zepf 1994)"
_Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Level:
    """One level, times in nanoseconds.

    `estimate` is the median over the launches that visited it of the median of their samples at it, `low` and
    `high` the 95 % interval over those launches (None for one), `share` its part of all samples (0 to 1),
    `launches` how many visited it, with at least 20 samples or half of theirs.
    """

    estimate: float
    low: float | None
    high: float | None
    share: float
    launches: int


@dataclass(frozen=True)
class Levels:
    """The `levels`, fastest first, and for each launch the index of the level that each sample ran at."""

    levels: tuple[Level, ...]
    of_sample: tuple[_Ints, ...]


@dataclass(frozen=True)
class _Cell:
    """Launches that are equal when their samples are, so that what was found for them can be kept."""

    digest: bytes
    launches: Launches = field(compare=False)


def levels(launches: Launches) -> Levels:
    """Return the levels of a cell, at most three; one when none are clearly apart, and then it is the whole.

    Each launch is cut into `segments`, and `boundaries` says which of them, over all launches, are at one
    level. Stretches of a wandering stream scatter too much to be levels: it has one, or few broad ones. All
    samples count, spikes too, each at the level of its stretch. Shares may change from run to run; levels
    should not. What was found for the same samples is kept, not sought again.
    """
    return _levels(_cell(launches))


def stretches(launches: Launches) -> tuple[tuple[Segment, ...], ...]:
    """Return the `segments` of each launch; those found before are kept, not sought again."""
    return tuple(_segments(_cell((launch,))) for launch in launches)


def _cell(launches: Launches) -> _Cell:
    digest = hashlib.blake2b(digest_size=16)
    for launch in launches:
        digest.update(len(launch).to_bytes(8, "little"))
        digest.update(np.ascontiguousarray(launch, dtype=np.int64).data)
    return _Cell(digest.digest(), launches)


@lru_cache(maxsize=64)
def _levels(cell: _Cell) -> Levels:
    parts = stretches(cell.launches)
    logs = np.log(np.maximum([one.median for launch in parts for one in launch], 1.0))
    sizes = np.array([len(one) for launch in parts for one in launch], dtype=np.int64)
    cuts = boundaries(logs, sizes)
    while True:
        where = np.split(
            np.repeat(np.searchsorted(cuts, logs, side="right"), sizes),
            np.cumsum([len(launch) for launch in cell.launches])[:-1],
        )
        found = [_level(cell.launches, where, index) for index in range(len(cuts) + 1)]
        if None not in found:
            return Levels(tuple(one for one in found if one is not None), tuple(where))
        cuts = np.delete(cuts, min(found.index(None), len(cuts) - 1))


@lru_cache(maxsize=1024)
def _segments(cell: _Cell) -> tuple[Segment, ...]:
    return segments(cell.launches[0])


def _level(launches: Launches, where: list[_Ints], index: int) -> Level | None:
    """Return the level `index`, or None when no launch visited it for long enough."""
    parts = [launch[at == index] for launch, at in zip(launches, where, strict=True)]
    visits = [
        np.median(part)
        for part, launch in zip(parts, launches, strict=True)
        if len(part) >= min(VISIT, len(launch) / 2)
    ]
    if not visits:
        return None
    interval = t_interval(np.array(visits, dtype=np.float64))
    share = sum(map(len, parts)) / sum(map(len, launches))
    return Level(interval.estimate, interval.low, interval.high, share, len(visits))


def _milliseconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / NS_PER_MS


def _column(number: int, place: int, suffix: str, unit: str, description: str) -> Statistic:
    tell: dict[str, Callable[[Level], float | None]] = {
        "ms": lambda level: _milliseconds(level.estimate),
        "ci95_low_ms": lambda level: _milliseconds(level.low),
        "ci95_high_ms": lambda level: _milliseconds(level.high),
        "share_percent": lambda level: 100 * level.share,
        "launches": lambda level: float(level.launches),
    }

    def compute(launches: Launches) -> float | None:
        found = levels(launches).levels
        return tell[suffix](found[number - 1]) if number <= len(found) else None

    order = 70 + 5 * (number - 1) + place
    return Statistic(f"level_{number}_{suffix}", unit, "none", order, description, _SOURCE, compute)


def _columns(number: int) -> tuple[Statistic, ...]:
    name = ("Fastest", "Second", "Third")[number - 1]
    told = (
        ("ms", "ms", f"{name} level: median of its launches' medians; empty where there is none."),
        ("ci95_low_ms", "ms", "Lower end of its 95 % interval over the launches that visited it."),
        ("ci95_high_ms", "ms", "Upper end of that interval; empty for one launch."),
        ("share_percent", "%", "Share of all samples that ran at it."),
        ("launches", "count", "Launches that visited it: 20 samples at it, or half of theirs."),
    )
    return tuple(_column(number, place, *one) for place, one in enumerate(told, start=1))


STATISTIC = (
    Statistic(
        "levels",
        "count",
        "none",
        70,
        "Levels that the latency kept to, clearly apart; 1 where none are.",
        _SOURCE,
        lambda launches: float(len(levels(launches).levels)),
    ),
    *(column for number in range(1, MOST + 1) for column in _columns(number)),
)
