"""What a flag is: a warning with the figure that fired it. A flag marks a row and never removes it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from latbench.measure.launch import LaunchResult
from latbench.records.record import CellPlan, RunRecord
from latbench.stats.base import Launches


@dataclass(frozen=True)
class Evidence:
    """What a flag may look at: the run, the planned cell, and its launches that are summarised."""

    run: RunRecord
    plan: CellPlan
    launches: tuple[LaunchResult, ...]

    @property
    def samples(self) -> tuple[tuple[int, ...], ...]:
        """The timed samples in nanoseconds of each launch that has any."""
        return tuple(tuple(launch.samples_ns) for launch in self.launches if launch.samples_ns)

    def actual(self, fact: str) -> tuple[Any, ...]:
        """Return the distinct known values that the launches read back for `fact`, in order of appearance."""
        told = (launch.facts.get(fact) for launch in self.launches)
        return tuple(dict.fromkeys(value for value in told if value is not None))

    def witnessed(self, name: str) -> Iterator[float]:
        """Return the known values of the witness `name`, one per launch that has it."""
        told = (launch.witnesses.get(name) for launch in self.launches)
        return (float(value) for value in told if value is not None)


@dataclass(frozen=True)
class Flag:
    """One flag: `fired` returns the figure to show after the name, or None when there is nothing to say.

    `mend` is a sentence on what a user can do about it, None where nothing is known to help.
    """

    name: str
    description: str
    fired: Callable[[Evidence], str | None]
    mend: str | None = None


def of_samples(figure: Callable[[Launches], str | None]) -> Callable[[Evidence], str | None]:
    """Return a `fired` that asks `figure` of the launches' samples; None where there are none.

    Asked once for the same samples: rows are made anew after each launch.
    """

    @lru_cache(maxsize=4096)
    def kept(samples: tuple[tuple[int, ...], ...]) -> str | None:
        return figure(tuple(np.asarray(one, dtype=np.int64) for one in samples))

    return lambda evidence: kept(evidence.samples) if evidence.samples else None


def share(part: int, whole: int) -> str | None:
    """Return "part/whole", or None when the part is 0."""
    return f"{part}/{whole}" if part else None


def differs(asked: Any, told: tuple[Any, ...]) -> str | None:
    """Return "asked->told" for the values told that differ from the one asked for, or None without any."""
    others = [str(value) for value in told if value != asked]
    return f"{asked}->{'|'.join(others)}" if others else None
