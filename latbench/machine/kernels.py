"""Two reference kernels, timed around each launch: how fast each CPU computes, and how fast two CPUs talk.

They tell a slow machine from a slow model. A figure is compared only with others of the same machine.
"""

import contextlib
import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np

from latbench.machine import native
from latbench.machine.cpus import allowed_cpus
from latbench.machine.files import Tree, cpu_list

Clock = Callable[[], int]

_SIZE, _BATCH = 64, 16
"""16 products of 64 x 64 matrices: each too small for a BLAS library to hand it to threads of its own, which
would not be on the CPU under test."""

PRODUCT_FLOP = 2 * _BATCH * _SIZE**3
"""Floating-point operations of one product."""

_LEAST_REPEATS = 3
_BUDGET_NS, _MOST_NS = 20_000_000, 2_500_000
"""Time for all CPUs, and for one."""

_SAMPLED_CPUS = 16
_ROUNDS, _SLICES, _RENDEZVOUS, _LEAST_SLICES = 100, 15, 10, 5
_PATIENCE_S = 0.02
_SPINS = {"handoff": 2_000_000, "handoff_pause": 100_000}
"""Waits after which a thread gives its partner up: some milliseconds."""

_LOOKS = 10_000
"""Looks for a thread that leaves; one is enough nearly always, and all of them take some 50 ms."""

_LINE = 128
"""Bytes that no other data shares with the word handed to and fro: two cache lines."""


def compute_ns(cpus: Sequence[int] | None = None, clock: Clock = time.perf_counter_ns) -> list[int | None]:
    """Return the time in ns of a fixed float32 product on each usable CPU, in order; None is not told.

    The median of the repeats that fit into 2.5 ms for each CPU, after one that warms up. The calling thread
    is moved from CPU to CPU, and its set of CPUs put back at the end. Of more than 16 CPUs 16 are timed.
    """
    chosen = usable() if cpus is None else tuple(cpus)
    step = -(-len(chosen) // _SAMPLED_CPUS)
    budget = min(_MOST_NS, _BUDGET_NS // max(1, len(chosen[::step])))
    return [_on(cpu, budget, clock) if index % step == 0 else None for index, cpu in enumerate(chosen)]


def slices_ns(cpu: int, length_ns: int, clock: Clock = time.perf_counter_ns) -> list[int]:
    """Return the times in ns of the products that `cpu` does in `length_ns`; [] where it cannot be chosen."""
    try:
        with pinned(cpu):
            return _repeated(length_ns, clock)
    except OSError:
        return []


def handoff_ns(pause: bool = False, clock: Clock = time.perf_counter_ns) -> int | None:
    """Return the time in ns in which a cache line passes from a thread on one CPU to one on another.

    The median of 15 slices of 200 hand-offs; `pause` waits with the processor's hint for spinning threads, at
    which a hypervisor may step in. None with fewer than two usable CPUs, where machine code is refused (see
    `machine.native`), or when one of them was kept from running before a third of that was done.
    """
    name = "handoff_pause" if pause else "handoff"
    swap, pair = native.function(name), _pair()
    if swap is None or pair is None:
        return None
    buffer = ctypes.create_string_buffer(2 * _LINE)
    word = -(-ctypes.addressof(buffer) // _LINE) * _LINE
    rounds, spins = _RENDEZVOUS + _SLICES * _ROUNDS, _SPINS[name]
    placed = threading.Event()

    def partner() -> None:
        with contextlib.suppress(OSError), pinned(pair[1]):
            placed.set()
            swap(word, 1, rounds, _SLICES * spins)

    helper = threading.Thread(target=partner, daemon=True)
    taken: list[int] = []
    try:
        helper.start()
        placed.wait(_PATIENCE_S)
        with pinned(pair[0]):
            done, asked = swap(word, 0, _RENDEZVOUS, _SLICES * spins), _RENDEZVOUS
            while done == asked and len(taken) < _SLICES:
                asked += _ROUNDS
                begin = clock()
                done += swap(word, 2 * done, _ROUNDS, spins)
                taken.append(clock() - begin)
            whole = taken if done == asked else taken[:-1]
    except (OSError, RuntimeError):
        return None
    finally:
        if helper.ident is not None:
            helper.join()
            _depart(helper.native_id)
    return round(median(whole) / (2 * _ROUNDS)) if len(whole) >= _LEAST_SLICES else None


def witnessed(moment: str) -> dict[str, list[int | None] | int | None]:
    """Return the kernels' times as witnesses of `moment` ("before" or "after"), in about 10 ms.

    `compute_cpus` are the CPUs that the list `compute_..._ns` speaks of, in its order.
    """
    return {
        "compute_cpus": list(usable()),
        f"compute_{moment}_ns": compute_ns(),
        f"handoff_{moment}_ns": handoff_ns(),
        f"handoff_pause_{moment}_ns": handoff_ns(pause=True),
    }


def _depart(thread: int | None) -> None:
    """Return when the kernel no longer counts a joined `thread`, a moment later: runtimes count theirs."""
    task = Path(f"/proc/self/task/{thread}")
    for _ in range(_LOOKS):
        if not task.exists():
            return
        os.sched_yield()


@contextlib.contextmanager
def pinned(cpu: int) -> Iterator[None]:
    """Keep the calling thread on `cpu` inside; OSError where the system does not let it choose."""
    if not hasattr(os, "sched_setaffinity"):
        raise OSError("this system does not let a thread choose its CPU")
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def usable() -> tuple[int, ...]:
    """Return the CPUs that the calling thread may run on, in order."""
    return allowed_cpus(Tree())


def _pair() -> tuple[int, int] | None:
    """Return two usable CPUs, on two cores where there are; None with one."""
    first, *others = usable()
    folder = f"sys/devices/system/cpu/cpu{first}/topology"
    siblings = cpu_list(Tree().text(f"{folder}/thread_siblings_list")) or ()
    second = next((cpu for cpu in others if cpu not in siblings), next(iter(others), None))
    return None if second is None else (first, second)


def _on(cpu: int, budget_ns: int, clock: Clock) -> int | None:
    taken = slices_ns(cpu, budget_ns, clock)
    return round(median(taken)) if taken else None


def _repeated(length_ns: int, clock: Clock) -> list[int]:
    a, b, out = _matrices()
    np.matmul(a, b, out=out)
    taken: list[int] = []
    start = clock()
    while len(taken) < _LEAST_REPEATS or clock() - start < length_ns:
        begin = clock()
        np.matmul(a, b, out=out)
        taken.append(clock() - begin)
    return taken


@cache
def _matrices() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((_BATCH, _SIZE, _SIZE)).astype(np.float32)
    return a, a[0].copy(), np.empty_like(a)
