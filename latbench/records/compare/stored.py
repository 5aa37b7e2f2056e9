"""Two results files, cell by cell: what was measured before against what was measured now."""

from collections.abc import Sequence
from pathlib import Path

from latbench.errors import BadInput
from latbench.records.anyfile import Warn
from latbench.records.compare.judge import Draft, judged
from latbench.records.compare.labels import CELL, Labels
from latbench.records.compare.levels import level_ratios
from latbench.records.compare.likeness import Likeness, names, shown
from latbench.records.compare.matching import near, state_of
from latbench.records.compare.outcome import COMPARED, STORED, Comparison, Pair
from latbench.records.compare.side import Measured, by_key, load
from latbench.records.row import Row
from latbench.stats.interval import Interval
from latbench.stats.ratio import Effect
from latbench.stats.verdict import Comparison as Question
from latbench.stats.welch import welch_effect, welch_effect_of_rows

APART = (
    "The two were measured at different times: what the machine did in between is in no interval. "
    "`latbench compare A B` measures both side by side."
)


def compare_files(
    old: Path | str,
    new: Path | str,
    *,
    margin: float,
    allowed: Sequence[str] = (),
    redo: str = "",
    warn: Warn | None = None,
) -> Comparison:
    """Return the comparison of two results files (or directories), matched by what tells their cells apart.

    The unit is the launch: launch medians where the file holds samples, else the row's interval and count of
    launches. Raises BadInput when the files are the same, or nothing in them can be compared, with the first
    thing that differs; a cell that cannot be compared beside others that can is listed with the reason.
    """
    if Path(old).resolve() == Path(new).resolve():
        raise BadInput(f"{old} and {new} are the same file; name the results of two measurements.")
    likeness = Likeness(tuple(allowed))
    before, after = (by_key(load(path, warn), likeness, path) for path in (old, new))
    label = Labels((one.row for side in (before, after) for one in side.values()), within=CELL)
    found = near(before, after, likeness)
    drafts = []
    for key, one in before.items():
        other = after.get(key) or found.get(key)
        drafts.append(_draft(one, other, likeness, label, margin))
    taken = {id(other) for other in found.values()}
    drafts += [
        _draft(None, other, likeness, label, margin)
        for key, other in after.items()
        if key not in before and id(other) not in taken
    ]
    _refuse_strangers(drafts, old, new)
    pairs = judged(drafts, STORED)
    return Comparison(
        form=STORED,
        baseline=str(old),
        candidate=str(new),
        margin=margin,
        pairs=pairs,
        allowed=likeness.allowed,
        notes=tuple(_notes(pairs)),
        redo=redo,
    )


def _draft(
    one: Measured | None, other: Measured | None, likeness: Likeness, label: Labels, margin: float
) -> Draft:
    state, reason = state_of(one, other, likeness)
    measured = one or other
    assert measured is not None
    pair = Pair(
        name=label(measured.row),
        baseline=None if one is None else one.row,
        candidate=None if other is None else other.row,
        state=state,
        reason=reason,
        baseline_label="" if one is None else label(one.row),
        candidate_label="" if other is None else label(other.row),
        levels=() if one is None or other is None or state != COMPARED else level_ratios(one.row, other.row),
        differences={} if one is None or other is None else shown(one.row, other.row, likeness.allowed),
    )
    if one is None or other is None or state != COMPARED:
        return Draft(pair)
    return Draft(pair, Question(_effect(one, other), None, margin))


def _effect(one: Measured, other: Measured) -> Effect:
    if one.launches and other.launches:
        return welch_effect(one.launches, other.launches)
    return welch_effect_of_rows(
        _interval(one.row), _interval(other.row), (one.row["launches"], other.row["launches"])
    )


def _interval(row: Row) -> Interval:
    return Interval(row["latency_ms"], row["latency_ci95_low_ms"], row["latency_ci95_high_ms"])


def _refuse_strangers(drafts: Sequence[Draft], old: Path | str, new: Path | str) -> None:
    """Raise BadInput when no cell of either file has one to be compared with in the other."""
    pairs = [draft.pair for draft in drafts]
    if not pairs:
        raise BadInput(f"{old} and {new} hold no cells; name results of `latbench run`.")
    if any(pair.state in ("compared", "not_ok", "skipped") for pair in pairs):
        return
    stranger = next((pair for pair in pairs if pair.state == "not_comparable"), None)
    if stranger is not None:
        why = f"{stranger.name}: {stranger.reason.rstrip('.')}{_mend(stranger)}."
        raise BadInput(f"{old} and {new} cannot be compared. {why}")
    cells = [sorted({pair.name for pair in pairs if pair.state == side}) for side in ("missing", "new")]
    if all(pair.baseline is None or pair.candidate is None for pair in pairs):
        held = " and ".join(", ".join(some[:3]) or "nothing" for some in cells)
        raise BadInput(
            f"{old} and {new} have no cell in common (they hold {held}); name results of the same cells."
        )


def _mend(pair: Pair) -> str:
    assert pair.baseline is not None
    assert pair.candidate is not None
    differing = Likeness().differences(pair.baseline, pair.candidate)
    waivers = " ".join(f"--allow {name}" for name in names(differing))
    return f"; measure both alike, or give {waivers} to compare them all the same" if waivers else ""


def _notes(pairs: Sequence[Pair]) -> list[str]:
    notes = []
    both = [(pair.baseline, pair.candidate) for pair in pairs if pair.baseline and pair.candidate]
    if any(one["run_id"] is None or one["run_id"] != other["run_id"] for one, other in both):
        notes.append(APART)
    if any(one["cpu_model"] is None or other["cpu_model"] is None for one, other in both):
        notes.append(
            "It is not known whether both come from one machine: a file does not name its processor."
        )
    for pair in pairs:
        counts = [int((row or {}).get("levels") or 1) for row in (pair.baseline, pair.candidate)]
        if max(counts) > 1 and pair.verdict is not None:
            notes.append(
                f"{pair.name} ran at several levels (old {counts[0]}, new {counts[1]}): the headline moves "
                "with the share of each; levels are compared one by one where both have as many."
            )
    return notes
