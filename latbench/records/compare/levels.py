"""Two rows, level by level: rows that ran at several levels are alike where each level is."""

from typing import Any

from latbench.records.compare.outcome import AT_BEST, Bounds, LevelRatio
from latbench.records.row import Row
from latbench.stats.interval import Interval
from latbench.stats.welch import welch_effect_of_rows


def level_ratios(baseline: Row, candidate: Row) -> tuple[LevelRatio, ...]:
    """Return the ratio at each level, fastest first, where both rows state as many levels, at least two.

    Rows with different counts have none: which level answers to which is then a guess. A level that only
    one launch visited has a ratio without an interval. Where either row was disturbed, the ratio of what both
    were at best comes before.
    """
    disturbed = any("disturbed=" in (row.get("flags") or "") for row in (baseline, candidate))
    found = [_ratio(AT_BEST, baseline, candidate)] if disturbed else []
    found += [_ratio(level, baseline, candidate) for level in _common(baseline, candidate)]
    return tuple(one for one in found if one is not None)


def _common(baseline: Row, candidate: Row) -> range:
    counts = [int(row.get("levels") or 0) for row in (baseline, candidate)]
    return range(1, counts[0] + 1) if counts[0] == counts[1] and counts[0] > 1 else range(0)


def _ratio(level: int, baseline: Row, candidate: Row) -> LevelRatio | None:
    one, other = _level(level, baseline), _level(level, candidate)
    if one is None or other is None:
        return None
    found = welch_effect_of_rows(one[0], other[0], (one[1], other[1])).interval()
    return LevelRatio(
        level, one[0].estimate, other[0].estimate, Bounds(found.estimate, found.low, found.high)
    )


def _level(level: int, row: Row) -> tuple[Interval, int] | None:
    name = "best" if level == AT_BEST else f"level_{level}"
    value: Any = row.get(f"{name}_ms")
    if value is None or value <= 0:
        return None
    low, high = row.get(f"{name}_ci95_low_ms"), row.get(f"{name}_ci95_high_ms")
    return Interval(value, low, high), int(row.get(f"{name}_launches") or 1)
