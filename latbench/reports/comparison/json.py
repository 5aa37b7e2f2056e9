"""A comparison as one JSON object.

Keys: `schema` (1), `form` ("live" or "stored"), `verdict` (SLOWER, FASTER, SAME, UNDECIDED, UNTRUSTED,
INCOMPLETE, NOT MEASURED), `exit_code`, `baseline`, `candidate`, `margin_percent`, `confidence_percent`,
`allowed`, `notes`, `redo`, `more` and `pairs`.

Of each pair: `name`, `baseline`, `candidate` (labels), `state` (compared, not_ok, not_comparable, missing,
new, skipped), `verdict` (null unless compared), `reason`, `ratio` (baseline over candidate latency, above 1:
the candidate is faster) with `ratio_ci95_low` and `ratio_ci95_high`, `p_value`, `p_adjusted` (Holm), `unit`
(block or launch), `units` compared, `units_needed` (about how many more would decide), `guard_ratio` (the A/A
arm) with `guard_ci99_low` and `guard_ci99_high`, `baseline_ms` and `candidate_ms` each with `_ci95_low` and
`_ci95_high`, `baseline_status`, `baseline_flags`, `candidate_status`, `candidate_flags`, `baseline_evidence`
and `candidate_evidence` (how sure the architecture is), `levels`
(`level`, 0 at best, `baseline_ms`, `candidate_ms`, `ratio`, `ratio_ci95_low`, `ratio_ci95_high`) and
`differences` (column: both values).

Unknown is null. Keys may be added; none goes or changes its meaning while `schema` is 1.
"""

from typing import Any

from latbench.records import Row
from latbench.records.compare.outcome import Bounds, Comparison, Pair
from latbench.records.line import dumps
from latbench.reports.comparison.base import Format

SCHEMA = 1


def _render(comparison: Comparison) -> str:
    told = {
        "schema": SCHEMA,
        "form": comparison.form,
        "verdict": comparison.verdict,
        "exit_code": int(comparison.exit_code),
        "baseline": comparison.baseline,
        "candidate": comparison.candidate,
        "margin_percent": 100 * comparison.margin,
        "confidence_percent": 95,
        "allowed": comparison.allowed,
        "notes": comparison.notes,
        "redo": comparison.redo,
        "more": comparison.more,
        "pairs": [_pair(pair, comparison.unit) for pair in comparison.pairs],
    }
    return dumps(told, indent=2) + "\n"


def _pair(pair: Pair, unit: str) -> dict[str, Any]:
    return {
        "name": pair.name,
        "baseline": pair.baseline_label or None,
        "candidate": pair.candidate_label or None,
        "state": pair.state,
        "verdict": pair.verdict,
        "reason": pair.reason,
        **_bounds("ratio", "ratio_ci95", pair.ratio),
        "p_value": pair.p_value,
        "p_adjusted": pair.p_adjusted,
        "unit": unit,
        "units": pair.units,
        "units_needed": pair.units_needed,
        **_bounds("guard_ratio", "guard_ci99", pair.guard),
        **_row("baseline", pair.baseline),
        **_row("candidate", pair.candidate),
        "levels": [
            {
                "level": one.level,
                "baseline_ms": one.baseline_ms,
                "candidate_ms": one.candidate_ms,
                **_bounds("ratio", "ratio_ci95", one.ratio),
            }
            for one in pair.levels
        ],
        "differences": {name: list(both) for name, both in pair.differences.items()},
    }


def _bounds(name: str, interval: str, ratio: Bounds | None) -> dict[str, float | None]:
    figures = (None, None, None) if ratio is None else (ratio.estimate, ratio.low, ratio.high)
    return dict(zip((name, f"{interval}_low", f"{interval}_high"), figures, strict=True))


def _row(side: str, row: Row | None) -> dict[str, Any]:
    told = row or {}
    return {
        f"{side}_ms": told.get("latency_ms"),
        f"{side}_ms_ci95_low": told.get("latency_ci95_low_ms"),
        f"{side}_ms_ci95_high": told.get("latency_ci95_high_ms"),
        f"{side}_status": told.get("status"),
        f"{side}_flags": told.get("flags"),
        f"{side}_evidence": told.get("evidence"),
    }


FORMAT = Format("json", "one object, its keys documented and stable; unknown null", _render)
