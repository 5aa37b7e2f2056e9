"""How much slower denormal numbers make a model: timed with them, and with zeros in their place."""

from dataclasses import replace

from latbench.machine import native
from latbench.measure.clock import MONOTONIC, Clock
from latbench.measure.loop import time_calls
from latbench.runtimes.base import Arrays, Runtime, Session, SessionOptions, Source

_CALLS = 4
_LEAST_ROUNDS, _MOST_ROUNDS = 5, 200
_ENOUGH_NS, _LIMIT_NS = 400_000_000, 2_000_000_000
"""Rounds go on for the first of these times, and to the least number of rounds up to the second."""

_LEAST_NS = 5_000
"""Below this the steps of the clock are too coarse for a ratio."""

_ORDER = (False, True, True, False)


def flush_ratio(
    runtime: Runtime, source: Source, options: SessionOptions, inputs: Arrays, clock: Clock = MONOTONIC
) -> float | None:
    """Return latency with denormal numbers / latency with them flushed to zero, None where it cannot be told.

    Two sessions take turns, ABBA, one of them prepared and run with the processor's flush-to-zero mode. The
    fastest call of each counts: other work on the machine only adds time, denormal numbers slow every call.
    Both compute on one thread: the mode is a thread's own, and those of a pool may be older or set theirs.
    None also for calls under 5 us.
    """
    if not native.can_flush():
        return None
    alone = replace(options, threads=1)
    sessions: dict[bool, Session] = {}
    try:
        for flush in (False, True):
            with native.flushed(flush):
                sessions[flush] = runtime.prepare(source, alone)
                sessions[flush].bind(inputs)
                time_calls(sessions[flush].run, clock, 1)
        exact, flushed = _fastest(sessions, clock)
        return round(exact / flushed, 4) if flushed >= _LEAST_NS else None
    finally:
        for session in reversed(sessions.values()):
            session.close()


def _fastest(sessions: dict[bool, Session], clock: Clock) -> tuple[int, int]:
    """Return the fastest call in ns with denormal numbers, and with zeros in their place."""
    taken: dict[bool, list[int]] = {False: [], True: []}
    start = clock()
    for done in range(_MOST_ROUNDS):
        limit = _ENOUGH_NS if done >= _LEAST_ROUNDS else _LIMIT_NS
        if done and clock() - start > limit:
            break
        for flush in _ORDER:
            with native.flushed(flush):
                taken[flush] += time_calls(sessions[flush].run, clock, _CALLS)
    return min(taken[False]), min(taken[True])
