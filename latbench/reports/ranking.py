"""The order of rows in every report: by model, the fastest first, what has no rank last."""

from collections.abc import Iterable
from dataclasses import dataclass

from latbench.records import Row

_LIKE = ("model", "input_shape", "batch", "boundary", "cpu_model")


@dataclass(frozen=True)
class Ranked:
    """A row and its rank among the rows that answer the same question, from 1; None for a row without one."""

    row: Row
    rank: int | None


def ranked(rows: Iterable[Row]) -> list[Ranked]:
    """Return `rows` with their ranks, models in order of appearance, within each by latency.

    Only like is ranked against like: the same model, input shape, batch, boundary and processor. A row that
    is not ok, or has no latency, comes after the ranked ones and has no rank, however fast it was.
    """
    models: dict[object, dict[tuple[object, ...], list[Row]]] = {}
    for row in rows:
        key = tuple(row[name] for name in _LIKE)
        models.setdefault(row["model"], {}).setdefault(key, []).append(row)
    return [one for groups in models.values() for group in groups.values() for one in _group(group)]


def _group(rows: list[Row]) -> list[Ranked]:
    timed = sorted(filter(_has_rank, rows), key=lambda row: row["latency_ms"])
    others = [Ranked(row, None) for row in rows if not _has_rank(row)]
    return [*(Ranked(row, rank) for rank, row in enumerate(timed, 1)), *others]


def _has_rank(row: Row) -> bool:
    return row["status"] == "ok" and row["latency_ms"] is not None
