"""Warm-up: a fixed number of iterations, then more while the data are not settled."""

from collections.abc import Callable, Sequence

from latbench.measure.clock import Clock
from latbench.measure.loop import time_calls

Settled = Callable[[Sequence[int], Sequence[int]], bool]
"""Tells from the earlier and the latest durations (ns) whether the level has stopped moving."""


def warm_up(
    call: Callable[[], object], clock: Clock, count: int, settled: Settled, cap: int
) -> tuple[int, ...]:
    """Return the durations in nanoseconds of all warm-up iterations, at least `count` and at most `cap`.

    After the first `count`, half as many more are run as long as `settled(earlier, latest)` says no, where
    `latest` is the last half of `count`. None are run when `count` is 0.
    """
    half = max(1, count // 2)
    durations = time_calls(call, clock, count)
    while durations and len(durations) < cap and not settled(durations[:-half], durations[-half:]):
        durations += time_calls(call, clock, min(half, cap - len(durations)))
    return durations
