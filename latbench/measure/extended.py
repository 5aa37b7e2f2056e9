"""More launches than were asked for, while a level of the cell has been seen by too few of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from latbench.measure.adaptive import wall_ns
from latbench.measure.launch import LaunchResult
from latbench.measure.stop import Again, Fixed, Stop
from latbench.stats.base import Launches
from latbench.stats.best import best, slowdown
from latbench.stats.levels import ENOUGH, levels


@dataclass(frozen=True)
class Extended:
    """The launches of `fixed`, then more as long as a level has been visited by fewer than `ENOUGH`.

    The best latency of a disturbed cell counts as a level.

    Ends when the cell has had `seconds` of measuring time, or would have with another launch, and when as
    many further launches as were asked for (at least `ENOUGH`) brought no visit to a rare level.
    """

    fixed: Fixed
    seconds: float
    exact: bool = field(default=False, init=False)

    def next(self, launches: Sequence[LaunchResult]) -> Again | Stop:
        """Return another launch while the fixed ones are not done or a level is rare and the time allows."""
        first = self.fixed.next(launches)
        if isinstance(first, Again):
            return first
        spent = sum(map(wall_ns, launches))
        late = spent * (1 + 1 / len(launches)) > self.seconds * 1e9
        if late or not _rare(launches) or self._in_vain(launches):
            return Stop()
        return Again(self.fixed.iterations)

    def total(self, launches: Sequence[LaunchResult]) -> int:
        """Return the launches asked for, or one more than there are while levels are rare."""
        another = isinstance(self.next(launches), Again)
        return max(self.fixed.launches, len(launches) + another)

    def news(self, launches: Sequence[LaunchResult]) -> str | None:
        """Return that launches are being added, when they begin to be."""
        if len(launches) != self.fixed.launches or isinstance(self.next(launches), Stop):
            return None
        few = min(_rare(launches))
        return f"{few} of {len(launches)} launches visited a level: more follow, within {self.seconds:g} s"

    def _in_vain(self, launches: Sequence[LaunchResult]) -> bool:
        before = len(launches) - max(self.fixed.launches, ENOUGH)
        return before >= self.fixed.launches and _rare(launches[:before]) == _rare(launches)


def _rare(launches: Sequence[LaunchResult]) -> tuple[int, ...]:
    """Return the visits of each level, and of the best, that has too few; () when none has."""
    samples = _samples(launches)
    found = levels(samples).levels
    visits = [level.launches for level in found] if len(found) > 1 else []
    if slowdown(samples) is not None:
        visits.append(best(samples).launches)
    return tuple(count for count in visits if count < ENOUGH)


def _samples(launches: Sequence[LaunchResult]) -> Launches:
    return tuple(np.asarray(one.samples_ns, dtype=np.int64) for one in launches)
