"""What a run tells while it goes on; the command line shows it, a library user may not care."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from latbench.measure.launch import LaunchResult
from latbench.records import CellPlan, Row


@dataclass(frozen=True)
class Overview:
    """What is about to be done, before anything is exported; seconds are None where nothing tells.

    `jobs` exports are made at one time; `refused` are the reasons for which cells will be skipped, each with
    those cells as (model, runtime). `seconds` is for exports and launches, `basis` how it is known, `untold`
    the models it leaves out. A run that decides for itself when to stop takes at least `seconds` and, where
    there is a time limit, at most about `most_seconds`; an adaptive one has no `iterations`, but a `target`
    (share of the estimate) and `looks`.
    """

    models: tuple[str, ...]
    runtimes: tuple[str, ...]
    cells: int
    skipped: int
    launches: int
    iterations: int | None
    threads: tuple[int, ...]
    exports: int
    seconds: float | None
    basis: str
    untold: tuple[str, ...] = ()
    target: float | None = None
    looks: tuple[int, ...] = ()
    most_seconds: float | None = None
    jobs: int = 1
    refused: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """How far a run is: launches `done` of `total`, and the seconds left (None: untold).

    `exact` is False where the run decides for itself when to stop: the total is what it looks like now.
    """

    done: int
    total: int
    left_s: float | None
    exact: bool = True


class Watch:
    """Hears what happens; no method does anything here. One that raises stops the run (to be resumed)."""

    def planned(self, overview: Overview) -> None:
        """Hear the plan and its estimate, before the work begins."""

    def note(self, sentence: str) -> None:
        """Hear something worth knowing."""

    def preparing(self, model: str, what: str) -> None:
        """Hear that `model` is being exported (or otherwise prepared, as `what` says)."""

    def prepared(self, model: str, fault: str | None, count: int, total: int) -> None:
        """Hear that preparing `model` ended, by a `fault` or well, the `count`th of `total` to end."""

    def started(self, run_id: str, progress: Progress) -> None:
        """Hear that the launches begin, or go on after an interruption."""

    def launching(self, cell: CellPlan, progress: Progress) -> None:
        """Hear that a launch of `cell` starts; whatever is shown must not move while it runs."""

    def launched(self, cell: CellPlan, result: LaunchResult, progress: Progress) -> None:
        """Hear that a launch ended and is recorded."""

    def decided(self, cell: CellPlan, sentence: str) -> None:
        """Hear what the launches of `cell` so far have decided about those to come."""

    def block_ended(self, progress: Progress) -> None:
        """Hear that each cell of a group has had another launch."""

    def finished(self, row: Row) -> None:
        """Hear that a cell is finished, whatever became of it."""
