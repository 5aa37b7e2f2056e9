"""Measured latencies for a table of a paper: which rows answer it, by setting."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from latbench.errors import BadInput
from latbench.papers.table import PaperRow
from latbench.records import RECORDS, TABLE, Row

_QUICK = "quick"
_TIMED = ("ok", "not_converged")
"""Statuses of rows that have a latency to be compared, the better one first."""


@dataclass(frozen=True, order=True)
class Setting:
    """What the rows of a column of measured latencies share; unknown texts are empty, unknown threads -1."""

    runtime: str
    threads: int
    device: str
    cpu_model: str
    precision: str
    target: str


@dataclass(frozen=True)
class Latency:
    """A measured latency in ms with its 95 % interval; `ms` is None where its row ended without one.

    A row that did not converge has both: its interval is wider than was asked for, and says by how much.

    `status`, `protocol` and `run_id` are those of its row; `others` is how many rows gave way to it.
    """

    status: str
    ms: float | None
    low: float | None
    high: float | None
    protocol: str | None
    run_id: str | None
    others: int = 0


def setting(row: Row) -> Setting:
    """Return the setting that `row` was measured in."""
    threads = row["threads_requested"]
    return Setting(
        runtime=row["runtime"],
        threads=-1 if threads is None else threads,
        device=row["device_actual"] or row["device"] or "",
        cpu_model=row["cpu_model"] or "",
        precision=row["precision_requested"] or "",
        target=row["target"] or "",
    )


def answers(row: Row, asked: PaperRow) -> bool:
    """Tell whether `row` timed the network of a paper's row as the paper did: its resolution, one image.

    Cells of a comparison (with an arm) are left out: they were measured to be held against one another.
    """
    shape = f"1x3x{asked.resolution}x{asked.resolution}"
    return row["model"] in asked.names and row["input_shape"] == shape and row["arm"] is None


def latencies(asked: PaperRow, rows: Iterable[Row]) -> dict[Setting, Latency]:
    """Return the latency of a paper's network in each setting in which `rows` hold it.

    Of several rows in a setting one counts: an ok one before one that did not converge, that before others, a
    full measurement before a quick one, then the latest.
    """
    held: dict[Setting, list[Row]] = {}
    for row in rows:
        if answers(row, asked):
            held.setdefault(setting(row), []).append(row)
    return {key: _latency(sorted(found, key=_worth)) for key, found in held.items()}


def _worth(row: Row) -> tuple[int, bool, str]:
    status = row["status"]
    worth = _TIMED.index(status) if status in _TIMED else len(_TIMED)
    return -worth, row["protocol"] != _QUICK, row["created"] or ""


def _latency(found: Sequence[Row]) -> Latency:
    row = found[-1]
    figures = [row[f"latency_{name}ms"] for name in ("", "ci95_low_", "ci95_high_")]
    ms, low, high = figures if row["status"] in _TIMED else (None, None, None)
    return Latency(row["status"], ms, low, high, row["protocol"], row["run_id"], len(found) - 1)


def results_under(paths: Iterable[Path]) -> list[Path]:
    """Return `paths` with each directory that holds no results itself replaced by those below it that do.

    BadInput names a directory without any.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir() or _holds(path):
            found.append(path)
            continue
        below = sorted(folder for folder in path.rglob("*") if folder.is_dir() and _holds(folder))
        if not below:
            raise BadInput(
                f"Neither {path} nor any folder in it holds {RECORDS} or {TABLE}; name results of a run."
            )
        found += below
    return found


def _holds(folder: Path) -> bool:
    return (folder / RECORDS).is_file() or (folder / TABLE).is_file()
