"""Many exports, each in a process of its own, several at a time while there is memory for them."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporters.artifact import Artifact, load
from exporters.errors import ExportError
from latbench.pipeline.child import WorkerDied, call
from latbench.pipeline.export import existing
from latbench.pipeline.pool import BUDGET_MIB, Job, Started, work
from latbench.pipeline.wish import Wish

BASE_MIB, COPIES = 900.0, 11
"""An export's process takes this before any weights, and then at most so many copies of them at its peak.

An envelope above the largest peaks that 265 exports of 73 models stated (1.3 to 88 million weights, for all
targets): the steepest needs 10.3 copies (parc_resnet50, 1835 MiB), the largest, swin_base, 8.5 (3759 MiB).
That one and the next, ce_swin_b (3406 MiB), would fit into 8 GiB together and are expected not to.
"""


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
    make: Callable[[Wish, Path, Started], float | None] | None = None,
) -> Generator[Exported, None, None]:
    """Yield how each of `wishes`, given with its number of weights, ended, in the order in which they end.

    Artifacts that are valid are taken as they are unless `fresh`; the others are made as `pool.work` says,
    `jobs` at one time. `starting` hears of each export when it begins; `make` does one and returns its peak
    memory in MiB.
    """
    make, places = make or _anew, range(len(wishes))
    waiting = []
    for place, (wish, params) in zip(places, wishes, strict=True):
        found = None if fresh else existing(wish, output)
        if found is not None:
            yield Exported(wish, found, reused=True)
        else:
            waiting.append(Job(place, expected_mib(params), _making(make, wish, output)))
    ends = work(waiting, jobs, lambda place: starting(wishes[place][0]))
    try:
        for one in ends:
            wish = wishes[one.key][0]
            yield (
                _of(wish, output, one.value)
                if one.error is None
                else Exported(wish, error=_told(wish, one.error))
            )
    finally:
        ends.close()


def _making(
    make: Callable[[Wish, Path, Started], float | None], wish: Wish, output: Path
) -> Callable[[Started], float | None]:
    return lambda started: make(wish, output, started)


def _anew(wish: Wish, output: Path, started: Started) -> float | None:
    """Return the peak memory in MiB of a process that exported `wish`."""
    return call("anew", {"wish": wish.to_json(), "folder": str(output)}, started=started)["peak_mib"]


def _told(wish: Wish, error: Exception) -> Exception:
    if not isinstance(error, WorkerDied):
        return error
    return ExportError(f"{wish.name}: the process that exports it died: {error}.")


def _of(wish: Wish, output: Path, peak_mib: float | None) -> Exported:
    artifact = load(output / f"{wish.stem}.onnx")
    gone = None if artifact else ExportError(f"{wish.name} was exported, and its artifact cannot be read.")
    return Exported(wish, artifact, gone, peak_mib=peak_mib)
