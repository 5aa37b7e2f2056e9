"""Jobs in processes of their own, several at a time while there is memory for them."""

import subprocess
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from exporters.errors import ExportError, InputError
from latbench.errors import EnvironmentFault, LatbenchError
from latbench.machine.cpus import usable_cpus
from latbench.machine.files import Tree
from latbench.machine.memory import memory
from latbench.measure.group import kill
from latbench.pipeline.child import WorkerDied

BUDGET_MIB = 7 * 1024.0
"""What all jobs at one time are expected to take at most: below 8 GiB, with this process and a margin."""

Key = TypeVar("Key")
Started = Callable[["subprocess.Popen[bytes]"], object]
"""Hears of the process of a job, so that it can be ended: the thread that waits for it cannot."""


@dataclass(frozen=True)
class Job(Generic[Key]):
    """What is to be done, in a process of which `do` tells; it should take `expected_mib` of memory."""

    key: Key
    expected_mib: float
    do: Callable[[Started], Any]


@dataclass(frozen=True)
class Ended(Generic[Key]):
    """How a job ended: what it returned, or the error."""

    key: Key
    value: Any = None
    error: Exception | None = None


def default_jobs() -> int:
    """Return 2 where two CPUs may be used and two large exports fit the memory, else 1."""
    told = memory(Tree(Path("/")))
    room = min((size for size in (told.total, told.limit) if size is not None), default=0)
    return 2 if usable_cpus().count >= 2 and room >= (BUDGET_MIB + 1024) * 2**20 else 1


def work(
    jobs: Sequence[Job[Key]], most: int, starting: Callable[[Key], object] = lambda _: None
) -> Generator[Ended[Key], None, None]:
    """Yield how each of `jobs` ended, in the order in which they end; the largest begin first.

    At most `most` run at one time, fewer while the memory expected for them exceeds `BUDGET_MIB`; one that
    exceeds it alone runs alone. One that fails leaves the others alone. EnvironmentFault, an interrupt, or
    closing the generator ends all. `starting` hears of each job when it begins.
    """
    processes = _Processes()
    waiting = sorted(jobs, key=lambda job: -job.expected_mib)
    running: dict[Future[Ended[Key]], float] = {}
    threads = ThreadPoolExecutor(most)
    try:
        while waiting or running:
            while len(running) < most:
                place = _next(waiting, BUDGET_MIB - sum(running.values()), bool(running))
                if place is None:
                    break
                job = waiting.pop(place)
                starting(job.key)
                running[threads.submit(_one, job, processes)] = job.expected_mib
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                del running[future]
                yield future.result()
    finally:
        processes.end()
        threads.shutdown(cancel_futures=True)


def _next(waiting: Sequence[Job[Key]], room: float, busy: bool) -> int | None:
    """Return the place of the first that fits the `room`; alone, the first whatever it takes."""
    fits = (at for at, job in enumerate(waiting) if job.expected_mib <= room or not busy)
    return next(fits, None)


def _one(job: Job[Key], processes: "_Processes") -> Ended[Key]:
    own: list[subprocess.Popen[bytes]] = []

    def started(process: subprocess.Popen[bytes]) -> None:
        own.append(process)
        processes.add(process)

    try:
        return Ended(job.key, job.do(started))
    except EnvironmentFault:
        raise
    except (ExportError, InputError, LatbenchError, WorkerDied) as error:
        return Ended(job.key, error=error)
    finally:
        processes.forget(own)


class _Processes:
    """The processes at work, so that an interrupt can end them: threads cannot be told to stop."""

    def __init__(self) -> None:
        self._lock, self._ended = threading.Lock(), False
        self._running: set[subprocess.Popen[bytes]] = set()

    def add(self, process: "subprocess.Popen[bytes]") -> None:
        """Take note of a process; kill it where all are to end."""
        with self._lock:
            self._running.add(process)
            if self._ended:
                kill(process)

    def forget(self, ended: Sequence["subprocess.Popen[bytes]"]) -> None:
        """Take note that these have ended."""
        with self._lock:
            self._running.difference_update(ended)

    def end(self) -> None:
        """Kill what still runs, and what is started from now on."""
        with self._lock:
            self._ended = True
            for process in self._running:
                kill(process)
