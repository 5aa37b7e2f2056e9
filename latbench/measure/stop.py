"""When a cell has had its launches: a rule looks at those it had and says what comes next.

A rule sees nothing but the recorded launches, so that a run resumed after a kill decides as it would have.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from latbench.measure.launch import LaunchResult


@dataclass(frozen=True)
class Again:
    """Launch again, with this many timed iterations."""

    iterations: int


@dataclass(frozen=True)
class Stop:
    """The cell is finished with this status, and a reason where it is not ok."""

    status: str = "ok"
    reason: str | None = None


class Rule(Protocol):
    """Decides after each launch of a cell; `exact` tells whether the number of launches is known before."""

    @property
    def exact(self) -> bool:
        """Whether `total` is certain from the beginning."""

    def next(self, launches: Sequence[LaunchResult]) -> Again | Stop:
        """Return what follows on the ok `launches` of a cell, in the order of their index."""

    def total(self, launches: Sequence[LaunchResult]) -> int:
        """Return how many launches there will be in all, as far as `launches` tell."""

    def news(self, launches: Sequence[LaunchResult]) -> str | None:
        """Return what the latest of `launches` has decided, worth telling the user; None without."""


@dataclass(frozen=True)
class Fixed:
    """So many launches of so many iterations each."""

    launches: int
    iterations: int
    exact: bool = field(default=True, init=False)

    def next(self, launches: Sequence[LaunchResult]) -> Again | Stop:
        """Return another launch until there are enough."""
        return Stop() if len(launches) >= self.launches else Again(self.iterations)

    def total(self, launches: Sequence[LaunchResult]) -> int:
        """Return the launches asked for."""
        return max(self.launches, len(launches))

    def news(self, launches: Sequence[LaunchResult]) -> str | None:
        """Return None: all was decided before."""
        return None
