"""Launches until the interval is as narrow as was asked for, or the time is up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import median

import numpy as np

from latbench.measure.launch import LaunchResult
from latbench.measure.stop import Again, Stop
from latbench.stats.allocation import Allocation, allocate
from latbench.stats.base import Launches
from latbench.stats.looks import look_interval

_LONGEST = 10
"""A launch is made at most this many times as long as one of the pilot, whatever a short pilot suggests."""


@dataclass(frozen=True)
class Adaptive:
    """Stops at the first of `looks` at which half the interval is at most `target` times the estimate.

    The launches up to the first look are the pilot: its first one has `first` iterations and shows the pace,
    the others time `pilot_s` seconds, at least `first` and at most `most` iterations. Then each launch has
    the iterations that reach the target at the least cost, unless `keeps` says to stay with the pilot's. A
    cell that has had `time_limit_s` of measuring time, or would have with another launch, is looked at once
    more and ends. Source: Kalibera & Jones 2013 for the allocation.
    """

    target: float
    looks: tuple[int, ...]
    time_limit_s: float
    first: int = 20
    most: int = 400
    pilot_s: float = 1.0
    keeps: bool = False
    exact: bool = field(default=False, init=False)

    def next(self, launches: Sequence[LaunchResult]) -> Again | Stop:
        """Return whether the interval is narrow enough, the time is up, or how long the next launch is."""
        if not launches:
            return Again(self.first)
        done, iterations = len(launches), self._iterations(launches)
        late, last = self._late(launches, iterations), done >= self.looks[-1]
        if not (late or last or done in self.looks):
            return Again(iterations)
        half = look_interval(_samples(launches), self.looks).half_percent
        if half is not None and half <= 100 * self.target:
            return Stop()
        if not (late or last):
            return Again(iterations)
        return Stop("not_converged", self._reason(half, launches, last))

    def total(self, launches: Sequence[LaunchResult]) -> int:
        """Return the look at which the pilot says that the target will be reached."""
        done = len(launches)
        wanted = self._needed(launches) if done >= self.looks[0] else self.looks[0]
        return next((look for look in self.looks if look >= max(wanted, done)), max(done, self.looks[-1]))

    def news(self, launches: Sequence[LaunchResult]) -> str | None:
        """Return what the pilot found, once it has ended."""
        if len(launches) != self.looks[0]:
            return None
        half = look_interval(_samples(launches), self.looks).half_percent
        reached = _reached(half)
        needed, most = self._needed(launches), self.looks[-1]
        many = f"more launches than the {most} allowed" if needed > most else f"about {needed} launches"
        return (
            f"pilot of {len(launches)} launches: {reached}; best {self._iterations(launches)} inferences per "
            f"launch, {many} for ± {100 * self.target:g} %"
        )

    def _needed(self, launches: Sequence[LaunchResult]) -> int:
        pilot = self._allocation(launches)
        if pilot is None or pilot.estimate <= 0:
            return self.looks[-1]
        return pilot.launches_needed(self.target, self._iterations(launches))

    def _iterations(self, launches: Sequence[LaunchResult]) -> int:
        """Return the iterations of the next launch after `launches`, of which there is one at least."""
        pace = max(1.0, float(np.median(launches[0].samples_ns)))
        own = min(self.most, max(self.first, round(self.pilot_s * 1e9 / pace)))
        pilot = self._allocation(launches)
        if pilot is None or self.keeps or len(launches) < self.looks[0]:
            return own
        around = median(_around_ns(one) for one in launches[1 : self.looks[0]]) / pace
        best = pilot.best_iterations(max(around, 1.0))
        # Launches that seem alike would best be endless; one half spent on iterations is never far off.
        return min(_LONGEST * own, max(self.first, round(around) if best is None else best))

    def _allocation(self, launches: Sequence[LaunchResult]) -> Allocation | None:
        """Return the variances seen in the pilot, without its first launch, which is of another length."""
        return _variances(tuple(one.samples_ns for one in launches[1 : self.looks[0]]))

    def _late(self, launches: Sequence[LaunchResult], iterations: int) -> bool:
        """Tell whether another launch would pass the time limit, or a second one, without which there is no
        interval, would begin after it.
        """
        pace = median(float(np.median(one.samples_ns)) for one in launches)
        another = median(map(_around_ns, launches)) + iterations * pace if len(launches) > 1 else 0.0
        return sum(map(wall_ns, launches)) + another > self.time_limit_s * 1e9

    def _reason(self, half: float | None, launches: Sequence[LaunchResult], last: bool) -> str:
        seconds = sum(map(wall_ns, launches)) / 1e9
        reached = _reached(half)
        limit = "the most allowed: raise --launches" if last else "the time limit: raise --time-limit"
        many = f"{len(launches)} launch{'es' * (len(launches) != 1)}"
        return f"{reached} after {many} and {seconds:.3g} s, {limit}; ± {100 * self.target:g} % was asked for"


def _reached(half: float | None) -> str:
    """Return the half-width in percent in words, to two digits where it is below ten."""
    return "no interval" if half is None else f"± {half:{'.2g' if half < 10 else '.0f'}} %"


@lru_cache(maxsize=256)
def _variances(samples: tuple[tuple[int, ...], ...]) -> Allocation | None:
    return allocate(tuple(np.asarray(one, dtype=np.int64) for one in samples))


def wall_ns(launch: LaunchResult) -> int:
    """Return the nanoseconds that a launch took but for compiling; where not recorded, those it timed.

    An engine may take minutes to build in the first launch and none afterwards, so that is no measuring time.
    """
    if launch.wall_ns is None:
        return sum(launch.samples_ns) + sum(launch.warmup_ns)
    return max(0, launch.wall_ns - (launch.compile_ns or 0))


def _around_ns(launch: LaunchResult) -> int:
    return max(0, wall_ns(launch) - sum(launch.samples_ns))


def _samples(launches: Sequence[LaunchResult]) -> Launches:
    return tuple(np.asarray(one.samples_ns, dtype=np.int64) for one in launches)
