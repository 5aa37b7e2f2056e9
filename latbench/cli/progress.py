"""A run, shown on stderr: plain lines, or one moving line on a terminal."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from latbench.cli.terminal import duration, say
from latbench.measure.launch import LaunchResult
from latbench.pipeline.watch import Overview, Progress, Watch
from latbench.records import CellPlan, Row
from latbench.reports.figures import interval
from latbench.reports.title import model

if TYPE_CHECKING:
    from rich.console import Console

_EVERY_S = 10.0
_LONG_S = 600.0
"""A whole-zoo run estimated longer than this is asked about on a terminal."""


class PlainWatch(Watch):
    """Lines for a log: the plan, each finished row, and progress after each block or every ten seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._latest, self._variants = clock, clock(), False
        self._told: Progress | None = None

    def planned(self, overview: Overview) -> None:
        """Print the plan and the estimate."""
        self._variants = overview.cells > len(overview.models) * len(overview.runtimes)
        for line in plan_lines(overview):
            say(line)

    def note(self, sentence: str) -> None:
        """Print the sentence."""
        say(f"Note: {sentence}")

    def preparing(self, model: str, what: str) -> None:
        """Print what is being done."""
        say(f"{model}: {what}")

    def prepared(self, model: str, fault: str | None, count: int, total: int) -> None:
        """Print how far the preparations are, where there are several, and a failure at once."""
        if fault is not None or total > 1:
            say(f"{count} of {total} prepared: {model}{f' {fault}' if fault else ''}")

    def started(self, run_id: str, progress: Progress) -> None:
        """Print the run's name, and how much of it is done already."""
        resumed = f", resumed: {progress.done} of {progress.total} launches are done" if progress.done else ""
        say(f"Run {run_id}{resumed}.")

    def launched(self, cell: CellPlan, result: LaunchResult, progress: Progress) -> None:
        """Print a failure at once, and progress when the last line is ten seconds old."""
        if result.status != "ok":
            say(f"{cell.model} on {cell.runtime}: a launch ended {result.status}: {result.reason}")
        if self._clock() - self._latest >= _EVERY_S:
            self._tell(progress)

    def decided(self, cell: CellPlan, sentence: str) -> None:
        """Print what a cell's launches have decided."""
        say(f"{cell.model} on {cell.runtime}: {sentence}")

    def block_ended(self, progress: Progress) -> None:
        """Print progress."""
        self._tell(progress)

    def finished(self, row: Row) -> None:
        """Print the row."""
        say(row_line(row, lowering=self._variants))

    def close(self) -> None:
        """Leave the terminal ready for other text, however the run ended."""

    def _tell(self, progress: Progress) -> None:
        if progress != self._told:
            self._latest, self._told = self._clock(), progress
            say(progress_line(progress))


class MovingWatch(PlainWatch):
    """One line redrawn between launches (never during one: drawing would disturb it), rows above it."""

    def __init__(self, ask: bool = False, console: "Console | None" = None) -> None:
        from rich.console import Console

        super().__init__()
        self._ask, self._console = ask, console or Console(stderr=True, highlight=False)

    def planned(self, overview: Overview) -> None:
        """Print the plan; ask whether to go on when it is long and nobody named the models."""
        super().planned(overview)
        if (
            self._ask
            and (overview.most_seconds or overview.seconds or 0) > _LONG_S
            and not typer.confirm("Go on?", default=True, err=True)
        ):
            raise typer.Exit

    def launching(self, cell: CellPlan, progress: Progress) -> None:
        """Redraw the line."""
        self._draw(f"{progress_line(progress)} · {cell.model} on {cell.runtime}")

    def launched(self, cell: CellPlan, result: LaunchResult, progress: Progress) -> None:
        """Print a failure above the line."""
        if result.status != "ok":
            self._draw("")
            say(f"{cell.model} on {cell.runtime}: a launch ended {result.status}: {result.reason}")

    def decided(self, cell: CellPlan, sentence: str) -> None:
        """Print it above the line."""
        self._draw("")
        super().decided(cell, sentence)

    def block_ended(self, progress: Progress) -> None:
        """Leave the line as it is."""

    def finished(self, row: Row) -> None:
        """Print the row above the line."""
        self._draw("")
        say(row_line(row, lowering=self._variants))

    def close(self) -> None:
        """Take the line away."""
        self._draw("")

    def _draw(self, line: str) -> None:
        from rich.control import Control
        from rich.segment import ControlType
        from rich.text import Text

        self._console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
        text = Text(line, style="dim", no_wrap=True, overflow="ellipsis")
        text.truncate(max(1, self._console.width - 1), overflow="ellipsis")
        self._console.print(text, end="")


def plan_lines(overview: Overview) -> list[str]:
    """Return the plan and its estimate as sentences."""
    names = ", ".join(overview.models) if len(overview.models) <= 3 else f"{len(overview.models)} models"
    skipped = f" ({overview.skipped} will be skipped)" if overview.skipped else ""
    at_once = f", {overview.jobs} at a time" if overview.jobs > 1 else ""
    many = f"{overview.exports} export{'s' * (overview.exports != 1)}{at_once}"
    exports = f", after {many}" if overview.exports else ""
    threads = " or ".join(map(str, overview.threads))
    plan = (
        f"Plan: {overview.cells} cell{'s' * (overview.cells != 1)}{skipped}, {names} on "
        f"{', '.join(overview.runtimes)}, {threads} thread{'s' * (threads != '1')}; "
        f"{_launches(overview)}{exports}."
    )
    if overview.seconds is None:
        return [plan, "Time: not known before the first launches, because the MACs are not known."]
    without = f", without {', '.join(overview.untold)} (MACs not known)" if overview.untold else ""
    most, least = overview.most_seconds, duration(overview.seconds)
    time = f"about {least}" if most is None else f"at least {least}, at most about {duration(most)}"
    return [plan, f"Time: {time}, from {overview.basis}{without}."]


def refused_lines(overview: Overview, most: int = 3) -> list[str]:
    """Return a line for each reason for which cells will be skipped, with how many, and of which models."""
    lines = []
    for reason, cells in overview.refused.items():
        models, runtimes = (list(dict.fromkeys(names)) for names in zip(*cells, strict=True))
        of = ", ".join(models) if len(models) <= most else f"{len(models)} models"
        lines.append(f"Skipped: {len(cells)}, {of} on {', '.join(runtimes)}: {reason}")
    return lines


def _launches(overview: Overview) -> str:
    many = f"{overview.launches} launch{'es' * (overview.launches != 1)}"
    if overview.target is not None:
        fewest = f"{overview.looks[0]} to " if len(overview.looks) > 1 else ""
        return f"{fewest}{many} each, until the interval is within ± {100 * overview.target:g} %"
    each = (overview.iterations or 0) // overview.launches
    more = "" if overview.most_seconds is None else ", more while levels are rare"
    return f"{many} x {each} inferences each{more}"


def progress_line(progress: Progress) -> str:
    """Return how far a run is and the time left."""
    left = "time left not known yet" if progress.left_s is None else f"about {duration(progress.left_s)} left"
    if progress.done == progress.total:
        left = "done"
    return f"{progress.done} of {'' if progress.exact else 'about '}{progress.total} launches, {left}"


def row_line(row: Row, *, lowering: bool = False) -> str:
    """Return a finished row as one line, with its lowering where a model has several."""
    form = f" ({row['lowering']})" if lowering and row["lowering"] else ""
    head = f"{model(row)} on {row['runtime']}{form}"
    if row["status"] not in ("ok", "not_converged") or row["latency_ms"] is None:
        return f"{head}: {row['status']}: {row['reason']}"
    figures = interval(row["latency_ms"], row["latency_ci95_low_ms"], row["latency_ci95_high_ms"])
    short = "" if row["status"] == "ok" else f", {row['status']}: {row['reason']}"
    return f"{head}: {figures} ms{f' [{flags}]' if (flags := row['flags']) else ''}{short}"
