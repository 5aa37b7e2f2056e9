"""The launches of a row, one a line: what each measured, and what it saw beside the model."""

from collections.abc import Iterable
from statistics import median

from latbench.records import LaunchRecord, Measured, Row
from latbench.reports.figures import UNKNOWN, number
from latbench.reports.layout import aligned, beside, wrapped
from latbench.reports.title import details, title
from latbench.reports.witnesses import seen, shown

_NS_PER_MS = 1e6
_HEAD = ("launch", "began", "n", "median ms", "fastest", "slowest", "first", "load")


def launch_table(row: Row, measured: Measured) -> str:
    """Return the launches of `row` as lines of text, in their order; times in ms, numbered from 1.

    A witness has a column where any launch saw something; those that saw nothing and those that the machine
    does not tell are named below, and so are launches that did not end ok.
    """
    lines = [title(row), *wrapped(details(row)), ""]
    if measured.kept:
        saw = seen(measured.kept)
        table = [[*_HEAD, *(witness.title for witness in saw.figures)]]
        for place, launch in enumerate(measured.kept):
            table.append([*_line(launch), *(shown(figures[place]) for figures in saw.figures.values())])
        lines += [*aligned(table), ""]
        lines += [line for witness in saw.figures for line in beside(witness.title, f"{witness.label}.")]
        lines += _named("none seen", saw.none) + _named("not told here", saw.untold)
    else:
        lines += ["No launch finished."]
    return "\n".join([*lines, *lost(measured.lost)]) + "\n"


def medians(launches: Iterable[LaunchRecord]) -> list[float]:
    """Return the median of each launch in ms, in their order; one without samples is left out."""
    return [_ms(median(launch.result.samples_ns)) for launch in launches if launch.result.samples_ns]


def lost(launches: Iterable[LaunchRecord]) -> tuple[str, ...]:
    """Return lines that tell the launches which are not in the row, and why."""
    told = [line for launch in launches for line in beside("not counted", _lost(launch))]
    return tuple(told)


def _lost(launch: LaunchRecord) -> str:
    result = launch.result
    why = "repeated although it had been measured" if result.status == "ok" else result.status
    reason = " ".join((result.reason or "").split())
    return f"launch {launch.index + 1}, attempt {launch.attempt + 1}: {why}{f' ({reason})' if reason else ''}"


def _line(launch: LaunchRecord) -> list[str]:
    result = launch.result
    samples = result.samples_ns
    figures = (median(samples), min(samples), max(samples)) if samples else (None, None, None)
    times = (*figures, result.first_inference_ns, result.load_ns)
    return [str(launch.index + 1), _clock(launch.started), str(len(samples)), *map(_shown, times)]


def _clock(started: str | None) -> str:
    """Return the time of day of an ISO 8601 moment, "03:04:06"."""
    return UNKNOWN if started is None else started.partition("T")[2][:8] or UNKNOWN


def _shown(nanoseconds: float | None) -> str:
    return UNKNOWN if nanoseconds is None else number(_ms(nanoseconds))


def _ms(nanoseconds: float) -> float:
    return nanoseconds / _NS_PER_MS


def _named(label: str, names: tuple[str, ...]) -> list[str]:
    return list(beside(label, f"{'; '.join(names)}.")) if names else []
