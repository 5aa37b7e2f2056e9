"""From evidence to rows: do our figure and the tool's agree, and what makes the difference."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latbench.crosscheck.base import OURS, THEIRS, Cause
from latbench.crosscheck.paths import differences
from latbench.crosscheck.session import Evidence, Pair
from latbench.measure.launch import LaunchResult
from latbench.stats import Comparison, Interval, Verdict, decide, t_interval
from latbench.stats.ratio import mean_effect

MARGIN = 0.02
AGREE, OFF, UNDECIDED, FAILED, SKIPPED = "agree", "off", "undecided", "failed", "skipped"
WARMUP = "warm-up"
_BOTH = Cause("both", OURS, THEIRS, "")

Row = dict[str, Any]

_VERDICTS = {
    Verdict.SAME: AGREE,
    Verdict.FASTER: OFF,
    Verdict.SLOWER: OFF,
    Verdict.UNDECIDED: UNDECIDED,
    Verdict.UNTRUSTED: UNDECIDED,
}


def row(evidence: Evidence, margin: float = MARGIN) -> Row:
    """Return one pair's row: times in ms, differences (ours minus theirs) in us, unknown None.

    The ratio is ours / theirs of the medians, its 95 % interval over blocks. `verdict` is agree when the 90 %
    interval lies within the margin, off when the ratio is beyond it and its p-value at most 5 %, else
    undecided, with about how many more blocks would tell. `difference_us` is that of the two medians shown,
    `parts_us` holds the measured causes and `remainder_us` what they leave; `in_turns_us` is by how much our
    way of calling reads more than theirs when one process goes both in turns. Intervals are over blocks.
    """
    told = {**about(evidence.pair), "blocks": len(evidence.ours)}
    if not evidence.ours:
        return told | {"verdict": FAILED, "reason": evidence.failures[-1] if evidence.failures else None}
    ours = np.array([np.median(launch.samples_ns) for launch in evidence.ours])
    theirs = np.array([said.median_ns for said in evidence.theirs])
    means = [said.mean_ns for said in evidence.theirs]
    decision = decide(Comparison(mean_effect(np.log(ours / theirs)), None, margin))
    first = evidence.failures[0] if evidence.failures else None
    return told | {
        "iterations": sum(len(launch.samples_ns) for launch in evidence.ours),
        "ours_ms": float(np.median(ours)) / 1e6,
        "theirs_ms": float(np.median(theirs)) / 1e6,
        "ratio": decision.ratio.estimate,
        "ratio_low": decision.ratio.low,
        "ratio_high": decision.ratio.high,
        "verdict": _VERDICTS[decision.verdict],
        "reason": first or decision.reason,
        "blocks_needed": decision.blocks_needed,
        "ours_mean_ms": float(np.median([np.mean(launch.samples_ns) for launch in evidence.ours])) / 1e6,
        "theirs_mean_ms": None if None in means else float(np.median(np.array(means, float))) / 1e6,
        **_explained(evidence, ours, theirs),
    }


def about(pair: Pair) -> Row:
    """Return what is known of a pair before it is timed, and every other column empty."""
    cell = pair.cell
    return dict.fromkeys(COLUMNS) | {
        "tool": pair.tool.name,
        "tool_version": pair.version,
        "model": cell.model,
        "runtime": cell.runtime,
        "threads": cell.threads,
        "artifact_sha256": cell.artifact_sha256,
    }


def skipped(tool: str, runtime: str, model: str, reason: str) -> Row:
    """Return the row of a tool that cannot run here."""
    told = {"tool": tool, "runtime": runtime, "model": model, "verdict": SKIPPED, "reason": reason}
    return dict.fromkeys(COLUMNS) | told


COLUMNS = (
    *("tool", "tool_version", "model", "runtime", "threads", "blocks", "iterations"),
    *("ours_ms", "theirs_ms", "ratio", "ratio_low", "ratio_high", "verdict", "reason", "blocks_needed"),
    *("ours_mean_ms", "theirs_mean_ms", "difference_us", "difference_low_us", "difference_high_us"),
    *("in_turns_us", "in_turns_low_us", "in_turns_high_us", "artifact_sha256"),
    *("parts_us", "remainder_us", "remainder_low_us", "remainder_high_us", "rounding_us"),
)


def _explained(evidence: Evidence, ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Row:
    parts: dict[str, NDArray[np.float64]] = {}
    tool = evidence.pair.tool
    told = [None if one is None else differences(one, tool.causes) for one in evidence.readings]
    for cause in tool.causes:
        seen = [None if one is None else one.get(cause.name) for one in told]
        if None not in seen:
            parts[cause.name] = np.array(seen, float)
    unsettled = [
        unsettled_ns(launch, tool.uncounted, said.iterations)
        for launch, said in zip(evidence.ours, evidence.theirs, strict=True)
    ]
    if None not in unsettled:
        parts[WARMUP] = -np.array(unsettled, float)
    ways = [None if one is None else differences(one, (_BOTH,)).get(_BOTH.name) for one in evidence.readings]
    turns = None if None in ways or not tool.causes else t_interval(np.array(ways, float))
    medians = {name: float(np.median(values)) for name, values in parts.items()}
    whole = _around(float(np.median(ours) - np.median(theirs)), ours - theirs)
    left = ours - theirs - sum(parts.values(), np.zeros(len(ours)))
    rest = _around(whole.estimate - sum(medians.values()), left)
    return {
        "difference_us": whole.estimate / 1e3,
        "difference_low_us": _us(whole.low),
        "difference_high_us": _us(whole.high),
        "parts_us": {name: value / 1e3 for name, value in medians.items()},
        "in_turns_us": None if turns is None else turns.estimate / 1e3,
        "in_turns_low_us": None if turns is None else _us(turns.low),
        "in_turns_high_us": None if turns is None else _us(turns.high),
        "remainder_us": rest.estimate / 1e3,
        "remainder_low_us": _us(rest.low),
        "remainder_high_us": _us(rest.high),
        "rounding_us": max(said.rounding_ns for said in evidence.theirs) / 1e3,
    }


def unsettled_ns(launch: LaunchResult, uncounted: int | None, count: int | None) -> float | None:
    """Return by how many ns the median of a launch of ours would rise if it were counted as the tool counts.

    That is from the inference after the first `uncounted` on, `count` of them; None when one is unknown.
    """
    if launch.first_inference_ns is None or uncounted is None or count is None:
        return None
    stream: Sequence[int] = (launch.first_inference_ns, *launch.warmup_ns, *launch.samples_ns)
    taken = stream[uncounted : uncounted + count]
    return float(np.median(taken) - np.median(launch.samples_ns)) if taken else None


def _around(estimate: float, blocks: NDArray[np.float64]) -> Interval:
    """Return `estimate` with the 95 % interval of what each block says, stretched to hold it."""
    low, high = (t_interval(blocks).low, t_interval(blocks).high)
    if low is None or high is None:
        return Interval(estimate, None, None)
    return Interval(estimate, min(low, estimate), max(high, estimate))


def _us(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e3
