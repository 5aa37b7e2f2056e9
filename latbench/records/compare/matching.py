"""Which cell of one table answers to which of the other, and what becomes of the two."""

from collections.abc import Mapping, Sequence

from latbench.records.compare.likeness import Key, Likeness, told
from latbench.records.compare.outcome import COMPARED
from latbench.records.compare.side import Measured
from latbench.records.row import Row

Cells = Mapping[Key, Measured]

USABLE = frozenset({"ok", "not_converged"})
"""The statuses of rows whose interval is what it says."""


def near(before: Cells, after: Cells, likeness: Likeness) -> dict[Key, Measured]:
    """Return for cells of one side only the most similar lone cell of the other: same model and runtime."""
    lone = [one for key, one in after.items() if key not in before]
    found: dict[Key, Measured] = {}
    for key, one in before.items():
        alike = [other for other in lone if _same(one.row, other.row, ("model", "runtime"))]
        if key not in after and alike:
            found[key] = min(alike, key=lambda other: len(likeness.differences(one.row, other.row)))
            lone = [other for other in lone if other is not found[key]]
    return found


def _same(one: Row, other: Row, columns: Sequence[str]) -> bool:
    return all(one.get(name) == other.get(name) for name in columns)


def state_of(one: Measured | None, other: Measured | None, likeness: Likeness) -> tuple[str, str]:
    """Return the state of a pair of `STATES`, and the reason for any but "compared" as a clause."""
    if one is None or other is None:
        return _alone(one)
    statuses = (one.row["status"], other.row["status"])
    if statuses == ("skipped", "skipped"):
        return "skipped", f"skipped in both ({_why(other.row)})."
    if statuses[1] not in USABLE:
        return "not_ok", f"{statuses[1]} in the new file ({_why(other.row)})."
    if statuses[0] not in USABLE:
        return "new", f"{statuses[0]} in the old file ({_why(one.row)}); there is nothing to compare it with."
    unlike = _unlike(one.row, other.row, likeness)
    return (COMPARED, "") if unlike is None else ("not_comparable", unlike)


def _alone(one: Measured | None) -> tuple[str, str]:
    if one is None:
        return "new", "only in the new file; there is nothing to compare it with."
    if one.row["status"] == "skipped":
        return "skipped", f"skipped in the old file ({_why(one.row)}), and not in the new one."
    return "missing", "only in the old file; the new one does not hold this cell."


def _unlike(one: Row, other: Row, likeness: Likeness) -> str | None:
    """Return why two rows cannot be compared; None when they can."""
    differing = likeness.differences(one, other)
    if differing:
        return f"not comparable: {told(differing)}."
    if one["run_id"] is not None and _same(one, other, ("run_id", "cell_id")):
        return f"both files hold the same measurement, of run {one['run_id']}."
    for row, name in ((one, "old"), (other, "new")):
        if row.get("latency_ci95_low_ms") is None or row.get("latency_ci95_high_ms") is None:
            return (
                f"{name}: {row['launches']} launch (protocol {row['protocol']}) has no interval; measure "
                "it with --protocol launches."
            )
    return None


def _why(row: Row) -> str:
    return row["reason"] or "no reason given"
