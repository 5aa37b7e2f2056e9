"""What a comparison says: faster, slower, the same, not yet decided, or not to be trusted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from latbench.stats.base import Launches
from latbench.stats.holm import holm
from latbench.stats.interval import Interval
from latbench.stats.ratio import Effect, block_effect, log_medians, mean_effect
from latbench.stats.student import t_quantile

MARGIN = 0.02
ERROR = 0.05
"""How often A against A may be called anything but the same or undecided."""

GUARD_ERROR = 0.01
"""The part of ERROR that the A/A arm takes: a sound session fails it this often."""

_FEWEST = 3
_NEGLIGIBLE = 0.25
_POWER = 0.8
_ENDLESS = 10_000


class Verdict(StrEnum):
    """The five ends of a comparison; FASTER means that the candidate is faster than the baseline."""

    FASTER = "faster"
    SLOWER = "slower"
    SAME = "same"
    UNDECIDED = "undecided"
    UNTRUSTED = "untrusted"


@dataclass(frozen=True)
class Comparison:
    """One pair: its effect, the A/A arm of the same session (None without one) and the margin."""

    effect: Effect
    guard: Effect | None = None
    margin: float = MARGIN


@dataclass(frozen=True)
class Decision:
    """A verdict with its grounds.

    `ratio` is the speed-up with its plain 95 % interval, `guard` the A/A arm's ratio with its 99 % interval,
    `adjusted_p` the p-value after Holm over the comparisons decided together, `units` the blocks (launches,
    when nothing pairs) it rests on. `reason` is one clause without a full stop; `blocks_needed` is about how
    many more units would decide, for UNDECIDED only, None where no number of them is in sight.
    """

    verdict: Verdict
    reason: str
    ratio: Interval
    p_value: float | None
    adjusted_p: float | None
    guard: Interval | None
    units: int
    blocks_needed: int | None = None


def compared(baseline: Launches, candidate: Launches, margin: float = MARGIN) -> Comparison:
    """Return the comparison of a session of ABBA blocks: two launches of either in each, in order of time.

    ValueError when the launches do not fill the same blocks of two, or a median is 0 ns.
    """
    return Comparison(block_effect(baseline, candidate, 2), guard(baseline), margin)


def guard(baseline: Launches) -> Effect:
    """Return the A/A arm: in each block, the baseline's earlier launch against its later one.

    Which of the block's places those two have, the outer or the inner, was drawn at random; which of them is
    earlier was not, for a sign drawn at random would be even by itself and could never fail. What it finds is
    a machine that changes in one direction within blocks (a cold start, a budget of heat or credit that each
    block uses up), or launches that depend on what ran before.
    """
    logs = log_medians(baseline)
    if not len(logs) or len(logs) % 2:
        raise ValueError(f"{len(logs)} launches do not form blocks of 2")
    return mean_effect(logs[::2] - logs[1::2])


def decide(comparison: Comparison) -> Decision:
    """Return the verdict on one pair: see `decide_all`."""
    return decide_all((comparison,))[0]


def decide_all(comparisons: Sequence[Comparison]) -> tuple[Decision, ...]:
    """Return the verdicts on pairs that were measured together, in their order.

    FASTER or SLOWER: the effect is larger than the margin and its p-value, after Holm, at most 4 % (5 %
    without an A/A arm). SAME: the 90 % interval lies within 1 / (1 + margin) .. 1 + margin (two one-sided
    tests at 5 %), even where it leaves out 1. UNTRUSTED: the A/A arm's 99 % interval (99 % for all arms
    together, Bonferroni) leaves out 1, by more than a quarter of the margin: less turns no verdict.
    UNDECIDED: none of these, or fewer than 3 units. So if all pairs are truly the same, any of them is called
    FASTER, SLOWER or UNTRUSTED in at most 5 % of sessions. Printed intervals are not adjusted: after Holm, or
    between 4 and 5 %, a plain 95 % interval may leave out 1 where the verdict does not; the reason then says
    so. SAME is not adjusted: a pair that differs by the margin or more is called SAME in at most 5 %, each.
    Going on until a verdict comes is looking several times: see `sequential.spent`. Sources: Schuirmann 1987
    (TOST); Holm 1979.
    """
    adjusted = holm([one.effect.p_value for one in comparisons])
    arms = sum(one.guard is not None for one in comparisons)
    return tuple(_decision(one, p, arms) for one, p in zip(comparisons, adjusted, strict=True))


def _decision(comparison: Comparison, adjusted: float | None, arms: int) -> Decision:
    effect, arm = comparison.effect, comparison.guard
    shown = None if arm is None else arm.interval(1 - GUARD_ERROR)
    drawn = Decision(Verdict.UNDECIDED, "", effect.interval(), effect.p_value, adjusted, shown, effect.units)
    if effect.units < _FEWEST or effect.standard_error is None or adjusted is None:
        reason = f"{effect.units} of the {_FEWEST} that any verdict needs"
        return replace(drawn, reason=reason, blocks_needed=max(_FEWEST - effect.units, 1))
    if arm is not None and _fails(arm, comparison.margin, GUARD_ERROR / arms):
        assert shown is not None
        reason = f"the baseline differs from itself: {_told(shown)} at 99 %"
        return replace(drawn, verdict=Verdict.UNTRUSTED, reason=reason)
    error = ERROR if arm is None else ERROR - GUARD_ERROR
    edge, size = math.log1p(comparison.margin), abs(effect.log_ratio)
    percent = f"{100 * comparison.margin:g} %"
    if size > edge and adjusted <= error:
        verdict = Verdict.FASTER if effect.log_ratio > 0 else Verdict.SLOWER
        return replace(drawn, verdict=verdict, reason=f"differs by more than {percent} (p = {adjusted:.2g})")
    if size + t_quantile(0.95, effect.freedom) * effect.standard_error <= edge:
        return replace(drawn, verdict=Verdict.SAME, reason=f"within {percent}, as its 90 % interval")
    if size > edge:
        reason = f"not clear enough (p = {adjusted:.2g}, {error:g} needed)"
    else:
        reason = f"its 90 % interval reaches beyond {percent}"
    return replace(drawn, reason=reason, blocks_needed=_more(effect, edge, error))


def _fails(arm: Effect, margin: float, error: float) -> bool:
    found = arm.p_value
    return found is not None and found <= error and abs(arm.log_ratio) > _NEGLIGIBLE * math.log1p(margin)


def _told(interval: Interval) -> str:
    assert interval.low is not None
    assert interval.high is not None
    return f"{interval.estimate:.4f} ({interval.low:.4f} to {interval.high:.4f})"


def _more(effect: Effect, edge: float, error: float) -> int | None:
    """Return the further units with which, if the effect is as seen, four of five sessions would decide.

    An effect beyond the margin must leave 1 by its interval, one within it must leave the margin.
    """
    size, units = abs(effect.log_ratio), effect.units
    room, tail = (size, error / 2) if size > edge else (edge - size, 0.05)
    assert effect.standard_error is not None
    spread = effect.standard_error * math.sqrt(units)

    def enough(count: int) -> bool:
        freedom = max(effect.freedom + count - units, 1)
        reach = t_quantile(1 - tail, freedom) + t_quantile(_POWER, freedom)
        return reach * spread / math.sqrt(count) <= room

    low, high = units, 2 * units
    while not enough(high):
        low, high = high, 2 * high
        if low > _ENDLESS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high - units
