"""Many exports, each in a process of its own, several at a time while there is memory for them."""

import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from exporters.artifact import Artifact, load
from exporters.errors import ExportError, InputError
from latbench.errors import EnvironmentFault, LatbenchError
from latbench.machine.cpus import usable_cpus
from latbench.machine.files import Tree
from latbench.machine.memory import memory
from latbench.measure.group import kill
from latbench.pipeline.child import WorkerDied, call
from latbench.pipeline.export import existing
from latbench.pipeline.wish import Wish

BUDGET_MIB = 7 * 1024.0
"""What all exports at one time are expected to take at most: below 8 GiB, with this process and a margin."""

BASE_MIB, COPIES = 900.0, 14
"""An export's process takes this before any weights, and then about so many copies of them at its peak."""


@dataclass(frozen=True)
class Exported:
    """How one export of many ended: with an artifact, `reused` from earlier, or with an error.

    `peak_mib` is the largest resident memory of its process, None for one that was reused or told nothing.
    """

    wish: Wish
    artifact: Artifact | None = None
    error: Exception | None = None
    reused: bool = False
    peak_mib: float | None = None


def default_jobs() -> int:
    """Return 2 where two CPUs may be used and two large exports fit the memory, else 1."""
    told = memory(Tree(Path("/")))
    room = min((size for size in (told.total, told.limit) if size is not None), default=0)
    return 2 if usable_cpus().count >= 2 and room >= (BUDGET_MIB + 1024) * 2**20 else 1


def expected_mib(params: int | None) -> float:
    """Return the memory that exporting a model of `params` weights should take; unknown, half the budget."""
    return BUDGET_MIB / 2 if params is None else BASE_MIB + COPIES * 4 * params / 2**20


def export_all(
    wishes: Sequence[tuple[Wish, int | None]],
    output: Path,
    jobs: int,
    *,
    fresh: bool = False,
    starting: Callable[[Wish], object] = lambda _: None,
    make: Callable[[Wish, Path], float | None] | None = None,
) -> Iterator[Exported]:
    """Yield how each of `wishes`, given with its number of weights, ended, in the order in which they end.

    At most `jobs` run at one time, fewer while the memory expected for them exceeds `BUDGET_MIB`. Artifacts
    that are valid are taken as they are unless `fresh`. One that fails leaves the others alone; an interrupt
    or a machine that lacks something (EnvironmentFault) ends all. `starting` hears of each export when it
    begins; `make` does one and returns its peak memory in MiB.
    """
    processes = _Processes()
    make = make or processes.export
    waiting = []
    for wish, params in wishes:
        found = None if fresh else existing(wish, output)
        if found is not None:
            yield Exported(wish, found, reused=True)
        else:
            waiting.append((wish, expected_mib(params)))
    waiting.sort(key=lambda one: -one[1])
    running: dict[Future[Exported], float] = {}
    pool = ThreadPoolExecutor(jobs)
    try:
        while waiting or running:
            while len(running) < jobs:
                place = _next(waiting, BUDGET_MIB - sum(running.values()), bool(running))
                if place is None:
                    break
                wish, expected = waiting.pop(place)
                starting(wish)
                running[pool.submit(_one, wish, output, make)] = expected
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                del running[future]
                yield future.result()
    finally:
        processes.end()
        pool.shutdown(cancel_futures=True)


def _next(waiting: Sequence[tuple[Wish, float]], room: float, busy: bool) -> int | None:
    """Return the place of the first that fits the `room`; alone, the first whatever it takes."""
    fits = (at for at, (_, expected) in enumerate(waiting) if expected <= room or not busy)
    return next(fits, None)


def _one(wish: Wish, output: Path, make: Callable[[Wish, Path], float | None]) -> Exported:
    try:
        peak = make(wish, output)
    except EnvironmentFault:
        raise
    except (ExportError, InputError, LatbenchError) as error:
        return Exported(wish, error=error)
    except WorkerDied as error:
        return Exported(wish, error=ExportError(f"{wish.name}: the process that exports it died: {error}."))
    artifact = load(output / f"{wish.stem}.onnx")
    gone = None if artifact else ExportError(f"{wish.name} was exported, and its artifact cannot be read.")
    return Exported(wish, artifact, gone, peak_mib=peak)


class _Processes:
    """The processes that export, so that an interrupt can end them: threads cannot be told to stop."""

    def __init__(self) -> None:
        self._lock, self._ended = threading.Lock(), False
        self._running: set[subprocess.Popen[bytes]] = set()

    def export(self, wish: Wish, output: Path) -> float | None:
        """Return the peak memory in MiB of a process that exported `wish`."""
        own: list[subprocess.Popen[bytes]] = []

        def started(process: subprocess.Popen[bytes]) -> None:
            own.append(process)
            with self._lock:
                self._running.add(process)
                if self._ended:
                    kill(process)

        try:
            arguments = {"wish": wish.to_json(), "folder": str(output)}
            return call("anew", arguments, started=started)["peak_mib"]
        finally:
            with self._lock:
                self._running.difference_update(own)

    def end(self) -> None:
        """Kill what still runs, and what is started from now on."""
        with self._lock:
            self._ended = True
            for process in self._running:
                kill(process)
