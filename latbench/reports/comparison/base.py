"""What the formats of a comparison share: figures as text, and the sentences below the table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from latbench.records import Row
from latbench.records.compare.outcome import AT_BEST, LIVE, Bounds, Comparison, LevelRatio, Pair
from latbench.records.flags import flags
from latbench.reports.figures import UNKNOWN, interval
from latbench.reports.title import model


@dataclass(frozen=True)
class Format:
    """One way to write a comparison: `render` returns the whole text, its last line end included."""

    name: str
    description: str
    render: Callable[[Comparison], str]


def bounds(ratio: Bounds | None) -> str:
    """Return "1.052 (1.031 to 1.074)"; the ratio alone without an interval, a dash without a ratio."""
    if ratio is None:
        return UNKNOWN
    if ratio.low is None or ratio.high is None:
        return f"{ratio.estimate:.3f}"
    return f"{ratio.estimate:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"


def latency(row: Row | None) -> str:
    """Return the headline of a row in ms with its interval, or how it ended where it has none."""
    if row is None:
        return UNKNOWN
    if row["latency_ms"] is None:
        return str(row["status"])
    return interval(row["latency_ms"], row["latency_ci95_low_ms"], row["latency_ci95_high_ms"])


def verdict(pair: Pair) -> str:
    """Return the verdict, or why there is none, in one or two words."""
    return pair.verdict or pair.state.replace("_", " ")


def heading(comparison: Comparison) -> str:
    """Return the comparison in a line: "SLOWER: 1 of 3 cells is slower" ."""
    total = len(comparison.pairs)
    if total == 1:
        return comparison.verdict
    words = dict.fromkeys(map(verdict, comparison.pairs))
    counts = ", ".join(f"{sum(verdict(one) == word for one in comparison.pairs)} {word}" for word in words)
    return f"{comparison.verdict} ({total} pairs: {counts})"


def alike(comparison: Comparison) -> bool:
    """Tell whether one name does for both sides of every pair."""
    both = [(pair.baseline_label, pair.candidate_label) for pair in comparison.pairs]
    return all(one == other for one, other in both if one and other)


def cells(comparison: Comparison, names: Sequence[str] = ()) -> tuple[list[str], list[list[str]], list[bool]]:
    """Return the table: titles, rows of text, and which columns hold figures.

    `names` of the pairs stand in the first column; without, their labels do, those of both sides unless one
    does for both.
    """
    live, single = comparison.form == LIVE, bool(names) or alike(comparison)
    one, two = sides(comparison)
    titles = ["pair" if names else "cell"] if single else [one, two]
    text = len(titles)
    titles += [
        f"{one} ms",
        f"{two} ms",
        f"{one} / {two} (95 %)",
        *(["A / A (99 %)"] if live else []),
        "verdict",
    ]
    rows = []
    for number, pair in enumerate(comparison.pairs):
        named = [names[number]] if names else [pair.name]
        both = [pair.baseline_label or UNKNOWN, pair.candidate_label or UNKNOWN]
        figures = [latency(pair.baseline), latency(pair.candidate), bounds(pair.ratio)]
        arm = [bounds(pair.guard)] if live else []
        rows.append([*(named if single else both), *figures, *arm, verdict(pair)])
        rows += [_level(level, titles, text) for level in pair.levels]
    numeric = [False] * text + [True] * (len(titles) - text - 1) + [False]
    return titles, rows, numeric


def _level(level: LevelRatio, titles: Sequence[str], text: int) -> list[str]:
    name = "at best" if level.level == AT_BEST else f"level {level.level}"
    named = [f"  {name}", *[""] * (text - 1)]
    told = [*named, f"{level.baseline_ms:.4g}", f"{level.candidate_ms:.4g}", bounds(level.ratio)]
    return [*told, *[""] * (len(titles) - len(told))]


def sides(comparison: Comparison) -> tuple[str, str]:
    """Return what the two sides are called."""
    return ("A", "B") if comparison.form == LIVE else ("old", "new")


def legend(comparison: Comparison) -> str:
    """Return the line that says how the figures are to be read."""
    one, two = sides(comparison)
    unit = "blocks" if comparison.form == LIVE else "launches"
    waived = f" Differences allowed: {', '.join(comparison.allowed)}." if comparison.allowed else ""
    margin = percent(comparison.margin)
    return (
        f"{one} / {two}: latency of {one} over that of {two}, above 1 where {two} is faster; 95 % interval "
        f"over {unit}, verdicts corrected by Holm over the pairs. Margin {margin}.{waived}"
    )


def percent(share: float) -> str:
    """Return a share as "2 %"."""
    return f"{100 * share:g} %"


def reasons(comparison: Comparison, names: Sequence[str] = ()) -> list[str]:
    """Return a sentence for each pair, its name first where there are several: why this verdict, or none."""
    return [
        f"{name}{': ' if name else ''}{pair.reason}"
        for name, pair in zip(_told(comparison, names), comparison.pairs, strict=True)
    ]


def remarks(comparison: Comparison, names: Sequence[str] = ()) -> list[str]:
    """Return what else there is to know: differences, flags of the rows, notes, what would decide."""
    found = []
    for name, pair in zip(_told(comparison, names), comparison.pairs, strict=True):
        if pair.differences and comparison.form != LIVE:
            told = ", ".join(f"{name} {_word(a)} -> {_word(b)}" for name, (a, b) in pair.differences.items())
            found.append(f"{name}{': ' if name else ''}old -> new: {told}.")
        for side, row in zip(sides(comparison), (pair.baseline, pair.candidate), strict=True):
            if row is not None and model(row) != row["model"]:
                found.append(f"{name}{', ' if name else ''}{side}: {model(row)}.")
            if row is not None and row["flags"]:
                found.append(f"{name}{', ' if name else ''}{side}: {row['flags'].replace(';', ', ')}.")
    fired = {
        flag.partition("=")[0]
        for pair in comparison.pairs
        for row in (pair.baseline, pair.candidate)
        if row is not None
        for flag in (row["flags"] or "").split(";")
    }
    found += [f"{flag.name}: {flag.description}" for flag in flags() if flag.name in fired]
    found += comparison.notes
    if comparison.more is not None:
        found.append(f"To decide: {comparison.more}")
    return found


def _told(comparison: Comparison, names: Sequence[str]) -> Sequence[str]:
    """Return the names to put before sentences: nothing where there is one pair only."""
    if len(comparison.pairs) == 1:
        return [""]
    return names or [pair.name for pair in comparison.pairs]


def _word(value: object) -> str:
    text = UNKNOWN if value is None else str(value)
    return f"{text[:8]}..." if len(text) == 64 and text.isalnum() else text
