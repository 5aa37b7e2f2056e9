"""Clocks: the real one, and one that tests wind by hand."""

import time
from collections.abc import Iterable
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock: each call returns integer nanoseconds."""

    def __call__(self) -> int:
        """Return the nanoseconds since an arbitrary instant."""


MONOTONIC: Clock = time.perf_counter_ns


class FakeClock:
    """A clock that advances by the next of `steps` (nanoseconds) on each reading, then stands still."""

    def __init__(self, steps: Iterable[int] = ()) -> None:
        self._steps = iter(steps)
        self.now = 0
        self.readings = 0

    def __call__(self) -> int:
        """Return the time after the next step."""
        self.readings += 1
        self.now += next(self._steps, 0)
        return self.now

    def advance(self, nanoseconds: int) -> None:
        """Let time pass, as a call under measurement would."""
        self.now += nanoseconds
