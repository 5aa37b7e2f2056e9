"""What a comparison comes to: its pairs, each with a verdict or why there is none, and the exit code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from latbench.errors import Exit
from latbench.records.row import Row

COMPARED = "compared"
ONE_SIDED = ("missing", "new")
STATES = (COMPARED, "not_ok", "not_comparable", *ONE_SIDED, "skipped")
"""What became of a pair: `missing` and `new` stand on one side only, `skipped` was not tried on either."""

LIVE, STORED = "live", "stored"

NOT_MEASURED, INCOMPLETE = "NOT MEASURED", "INCOMPLETE"

_HARMLESS = frozenset({COMPARED, "new", "skipped"})


@dataclass(frozen=True)
class Bounds:
    """A ratio of latencies, baseline over candidate, with an interval (None where there is none)."""

    estimate: float
    low: float | None
    high: float | None


AT_BEST = 0
"""The number under which a ratio of what both rows were at best (`best_ms`) stands among the levels."""


@dataclass(frozen=True)
class LevelRatio:
    """The ratio at one level of both rows, counted from 1, the fastest, or `AT_BEST`; latencies in ms."""

    level: int
    baseline_ms: float
    candidate_ms: float
    ratio: Bounds


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One baseline and one candidate; `ratio` above 1: the candidate is faster. Unknown is None.

    `verdict` is None unless `state` is "compared"; `reason` is one sentence. `guard` is the ratio of the
    baseline against itself (the A/A arm) with its 99 % interval, `p_value` two-sided against a ratio of 1,
    `p_adjusted` the same after Holm, `units` the blocks (live) or launches (stored) of the smaller side,
    `units_needed` about how many more would decide. `differences` are the columns that differ and may: name,
    then both values.
    """

    name: str
    baseline: Row | None
    candidate: Row | None
    state: str
    reason: str
    baseline_label: str = ""
    candidate_label: str = ""
    verdict: str | None = None
    ratio: Bounds | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    guard: Bounds | None = None
    units: int | None = None
    units_needed: int | None = None
    levels: tuple[LevelRatio, ...] = ()
    differences: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A whole comparison. `margin` is a share (.02), `allowed` the differences that were waived.

    `form` is "live" or "stored", `redo` the command line that makes it again, `more` the one that would
    decide what is undecided (None when nothing is, or nothing tells how long it takes).
    """

    form: str
    baseline: str
    candidate: str
    margin: float
    pairs: tuple[Pair, ...]
    allowed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    redo: str = ""
    more: str | None = None

    def count(self, verdict: str) -> int:
        """Return how many pairs have `verdict`."""
        return sum(pair.verdict == verdict for pair in self.pairs)

    @property
    def unit(self) -> str:
        """What an interval is taken over: "block" live, where launches pair, else "launch"."""
        return "block" if self.form == LIVE else "launch"

    @property
    def verdict(self) -> str:
        """The worst of the pairs in one word; INCOMPLETE, or live NOT MEASURED, when one has none."""
        if self.form == LIVE and self._gaps:
            return NOT_MEASURED
        if self.count("SLOWER"):
            return "SLOWER"
        if self._gaps:
            return INCOMPLETE
        ranked = ("UNTRUSTED", "UNDECIDED", "FASTER", "SAME")
        return next((word for word in ranked if self.count(word)), INCOMPLETE)

    @property
    def exit_code(self) -> Exit:
        """0 same or faster, 1 slower, 3 undecided, untrusted or incomplete, 5 rows not ok (live)."""
        codes = {NOT_MEASURED: Exit.ROWS_NOT_OK, "SLOWER": Exit.SLOWER, "FASTER": Exit.OK, "SAME": Exit.OK}
        return codes.get(self.verdict, Exit.UNDECIDED)

    @property
    def _gaps(self) -> int:
        return sum(pair.state not in _HARMLESS for pair in self.pairs)
