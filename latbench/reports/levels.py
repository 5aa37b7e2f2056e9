"""The levels of a row, the latencies it kept returning to, from its columns `level_k_...`."""

from dataclasses import dataclass

from latbench.records import Row
from latbench.reports.figures import interval, number


@dataclass(frozen=True)
class Level:
    """One level: `ms` and its 95 % interval, `share` of all samples in percent, launches that were on it."""

    ms: float
    low: float | None
    high: float | None
    share: float | None
    launches: int | None

    @property
    def span(self) -> str:
        """The latency with its interval in digits, "5.710 ± 0.050"."""
        return interval(self.ms, self.low, self.high)


def levels(row: Row) -> tuple[Level, ...]:
    """Return the levels of `row`, fastest first; none when it was made without looking for any."""
    return tuple(
        _level(row, f"level_{k}") for k in range(1, _most(row) + 1) if row.get(f"level_{k}_ms") is not None
    )


def several(row: Row) -> tuple[Level, ...]:
    """Return the levels of `row` where it has more than one, else nothing."""
    found = levels(row)
    return found if len(found) > 1 else ()


def at_best(row: Row) -> Level | None:
    """Return what `row` was while the machine was at its best, where it was disturbed; else None."""
    if "disturbed=" not in (row["flags"] or "") or row.get("best_ms") is None:
        return None
    return _level(row, "best")


def brief(level: Level) -> str:
    """Return a level as "5.71 (62 %)", milliseconds and share."""
    return number(level.ms) + ("" if level.share is None else f" ({_percent(level.share)})")


def sentence(row: Row) -> str:
    """Return what the several levels of `row` mean, in words."""
    found = several(row)
    told = [_words(level) for level in found]
    unsure = "few_at_level=" in (row["flags"] or "") or any(level.low is None for level in found)
    enough = "; more launches (--extend) would make every level sure" if unsure else ""
    return f"ran {', '.join(told[:-1])} and {told[-1]}: compare level by level{enough}"


def best_sentence(row: Row) -> str | None:
    """Return what `row` was at best, in words, where it was disturbed; else None."""
    found = at_best(row)
    return None if found is None else f"ran {_words(found)}: what to compare between days"


def _words(level: Level) -> str:
    share = "" if level.share is None else f" in {_percent(level.share)} of the inferences"
    seen = []
    if level.launches is not None:
        seen.append(f"{level.launches} launch{'' if level.launches == 1 else 'es'}")
    if level.low is None:
        seen.append("no interval")
    return f"at {level.span} ms{share}" + (f" ({', '.join(seen)})" if seen else "")


def _percent(share: float) -> str:
    return f"{share:.0f} %" if share >= 1 else "< 1 %"


def _most(row: Row) -> int:
    return sum(name.startswith("level_") and name.endswith("_share_percent") for name in row)


def _level(row: Row, name: str) -> Level:
    launches = row.get(f"{name}_launches")
    return Level(
        ms=row[f"{name}_ms"],
        low=row.get(f"{name}_ci95_low_ms"),
        high=row.get(f"{name}_ci95_high_ms"),
        share=row.get(f"{name}_share_percent"),
        launches=None if launches is None else int(launches),
    )
