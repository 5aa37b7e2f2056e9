"""From pairs with their effects to pairs with their verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from latbench.records.compare.outcome import LIVE, Bounds, Pair
from latbench.stats.interval import Interval
from latbench.stats.verdict import Comparison as Question
from latbench.stats.verdict import Decision, Verdict, decide_all


@dataclass(frozen=True)
class Draft:
    """A pair still without a verdict, and what to decide it by (None: it cannot be compared)."""

    pair: Pair
    question: Question | None = None


def judged(drafts: Sequence[Draft], form: str) -> tuple[Pair, ...]:
    """Return the pairs of `drafts`, in order; those with a question now hold the verdict. Holm over them."""
    decisions = iter(decide_all([draft.question for draft in drafts if draft.question is not None]))
    return tuple(
        draft.pair if draft.question is None else _with(draft.pair, next(decisions), form) for draft in drafts
    )


def bounds(interval: Interval | None) -> Bounds | None:
    """Return an interval of stats as the bounds of an outcome."""
    return None if interval is None else Bounds(interval.estimate, interval.low, interval.high)


def _with(pair: Pair, decision: Decision, form: str) -> Pair:
    return replace(
        pair,
        verdict=decision.verdict.name,
        reason=_sentence(decision, form),
        ratio=bounds(decision.ratio),
        p_value=decision.p_value,
        p_adjusted=decision.adjusted_p,
        guard=bounds(decision.guard),
        units=decision.units,
        units_needed=decision.blocks_needed,
    )


def _sentence(decision: Decision, form: str) -> str:
    unit = "block" if form == LIVE else "launch"
    told = f"{_change(decision.ratio, form)}: {decision.reason}"
    if decision.verdict is Verdict.UNTRUSTED:
        return (
            f"{told}. Something besides A and B moved the latency (a cold start, heat, a neighbour): "
            "`latbench doctor` names what can be mended, then measure again."
        )
    if decision.verdict is not Verdict.UNDECIDED:
        return f"{told}."
    if decision.blocks_needed is None:
        return f"{told}; no number of {unit}{'es' if unit == 'launch' else 's'} in sight would decide."
    plural = "" if decision.blocks_needed == 1 else "es" if unit == "launch" else "s"
    side = "" if form == LIVE else " on each side"
    return f"{told}; about {decision.blocks_needed} more {unit}{plural}{side} would decide."


def _change(ratio: Interval, form: str) -> str:
    """Return "latency of B -4.9 % (-6.9 to -2.9 %)": the change from baseline to candidate."""
    name = "B" if form == LIVE else "new"
    middle = 100 * (1 / ratio.estimate - 1)
    if ratio.low is None or ratio.high is None:
        return f"latency of {name} {middle:+.1f} %"
    low, high = (100 * (1 / end - 1) for end in (ratio.high, ratio.low))
    return f"latency of {name} {middle:+.1f} % ({low:+.1f} to {high:+.1f} %)"
