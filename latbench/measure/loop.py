"""The timed loop. Nothing but the call stands between the two readings of the clock."""

import gc
from array import array
from collections.abc import Callable

from latbench.measure.clock import Clock


def buffer(length: int) -> "array[int]":
    """Return a zeroed array of `length` 64-bit integers."""
    return array("q", bytes(8 * length))


def time_loop(
    call: Callable[[], object], clock: Clock, starts: "array[int]", ends: "array[int]", n: int
) -> None:
    """Call `call` n times and write the clock before and after each call to `starts` and `ends`.

    Both buffers must hold n values. The garbage collector is off meanwhile and restored afterwards, also when
    `call` raises.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        for index in range(n):
            begin = clock()
            call()
            end = clock()
            starts[index] = begin
            ends[index] = end
    finally:
        if collecting:
            gc.enable()


def time_calls(call: Callable[[], object], clock: Clock, n: int) -> tuple[int, ...]:
    """Return the n durations that `time_loop` measures, in nanoseconds."""
    starts, ends = buffer(n), buffer(n)
    time_loop(call, clock, starts, ends, n)
    return tuple(end - start for start, end in zip(starts, ends, strict=True))
