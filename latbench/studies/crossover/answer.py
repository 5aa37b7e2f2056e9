"""The answer: three comparisons with the spatial form, each with its crossover, from the records of a run."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from exporters.lowerings.base import FOURIER, LITERAL, SPATIAL
from latbench.records import Records
from latbench.stats import Crossover, Interval, crossover_of_logs
from latbench.studies.crossover.best import Best, best
from latbench.studies.crossover.cells import Cell, measured
from latbench.studies.crossover.curves import (
    Row,
    Sizes,
    clock,
    curves,
    described,
    logs_of,
    paired,
    settings,
    usable,
)

ENDS = (("smallest", 0), ("largest", -1))
"""The ends of a curve by name, and where they stand."""

NET, RAW, DEVICE = "net", "raw", "device"
"""What a ratio is of: latencies less an empty call, latencies as measured, latencies on the device."""

UNMEASURED = "unmeasured"
"""The kind of a comparison none of whose cells could be compared."""


@dataclass(frozen=True)
class Comparison:
    """One of the comparisons: what is held against the spatial form, and which cells are."""

    name: str
    title: str
    takes: Callable[[Cell], bool]


COMPARISONS = (
    Comparison("literal_fft", "literal FFT", lambda cell: cell.family == LITERAL),
    Comparison("lowered_fft", "lowered FFT", lambda cell: cell.family == FOURIER),
    Comparison(
        "best_exact", "best exact lowering", lambda cell: cell.exact and cell.family not in (SPATIAL, LITERAL)
    ),
)
"""Literal is the DFT operator (in a module that runs as it is torch.fft), lowered the best real form of the
transform or of part of it, best exact the best of all that are exact, by any mathematics. The spatial form is
none of them."""


@dataclass(frozen=True)
class Answer:
    """`curves`: a row per cell; `ratios`: one per comparison and size; `crossovers`: one per comparison."""

    curves: list[Row]
    ratios: list[Row]
    crossovers: list[Row]


def answer(records: Records, run_id: str | None = None, extra: Iterable[Cell] = ()) -> Answer:
    """Return the answer of the run with this id (None: the latest), and of `extra` cells, tried or not.

    Every figure is by the device's own clock where it has one; else net of an empty call where every launch
    was told what one costs, else as measured. The rows say which, and give the other one too.
    """
    cells = (*measured(records, run_id), *extra)
    ratios: list[Row] = []
    crossovers: list[Row] = []
    for setting, sizes in settings(cells).items():
        for comparison in COMPARISONS:
            if any(comparison.takes(cell) for cell in _cells(sizes)):
                found = _compared(sizes, comparison)
                head = {"comparison": comparison.name, **described(setting)}
                ratios += [{**head, **row} for row in found.points()]
                crossovers.append({**head, **found.row()})
    return Answer(curves(cells), ratios, crossovers)


def _cells(sizes: Sizes) -> Iterator[Cell]:
    for by_lowering in sizes.values():
        yield from by_lowering.values()


@dataclass(frozen=True)
class _Curve:
    """The best of a comparison by size, and the crossover of that curve; None without any size."""

    best: Mapping[int, Best]
    crossover: Crossover | None

    @property
    def kind(self) -> str:
        return UNMEASURED if self.crossover is None else self.crossover.kind

    def end(self, name: str, at: int) -> Row:
        """Return the columns of the point `at`: its size, the ratio there, who is faster, the lowering."""
        point = None if self.crossover is None else self.crossover.points[at]
        return {
            name: None if point is None else int(point.size),
            **_ends(f"ratio_{name}", None if point is None else point.ratio),
            f"wins_{name}": None if point is None else wins(point.ratio),
            f"lowering_{name}": None if point is None else self.best[int(point.size)].name,
        }


@dataclass(frozen=True)
class _Compared:
    """A comparison in one setting: the curve told of, the one as measured, and what was left out."""

    told: _Curve
    raw: _Curve
    basis: str
    left_out: Mapping[int, str]

    def points(self) -> Iterator[Row]:
        """Yield a row per size."""
        if self.told.crossover is None:
            return
        raw = {} if self.raw.crossover is None else {point.size: point for point in self.raw.crossover.points}
        for point in self.told.crossover.points:
            chosen = self.told.best[int(point.size)]
            other = raw.get(point.size)
            yield {
                "size": int(point.size),
                "basis": self.basis,
                **_ends("ratio", point.ratio),
                "fitted": point.fitted,
                **_ends("raw_ratio", None if other is None else other.ratio),
                "lowering": chosen.name,
                "guarded": chosen.guarded,
                "launches": point.launches,
            }

    def row(self) -> Row:
        """Return the columns of the crossover, None where there is nothing to say."""
        found = self.told.crossover
        exceptions = "" if found is None else ";".join(f"{size:g}" for size in found.exceptions)
        return {
            "kind": self.told.kind,
            "basis": None if found is None else self.basis,
            **_location("", found),
            "settled": None if found is None else found.settled,
            **{key: value for name, at in ENDS for key, value in self.told.end(name, at).items()},
            "launches": None if found is None else min(point.launches for point in found.points),
            "exceptions": exceptions or None,
            "raw_kind": self.raw.kind,
            **_location("raw_", self.raw.crossover),
            **{f"raw_ratio_{name}": self.raw.end(name, at)[f"ratio_{name}"] for name, at in ENDS},
            "left_out": ";".join(f"{size}: {why}" for size, why in self.left_out.items()) or None,
            "note": " ".join(self._notes()) or None,
        }

    def _notes(self) -> Iterator[str]:
        found, raw = self.told.crossover, self.raw.crossover
        if found is None:
            return
        if self.basis == NET and raw is not None and _differ(found, raw):
            yield f"With the call overhead left in it would read: {location(raw)} ({raw.kind})."
        if not all(one.guarded for one in self.told.best.values()):
            yield "With one launch the best was chosen by the launch that judges it: its ratio is flattered."
        if found.exceptions:
            sizes = ", ".join(f"{size:g}" for size in found.exceptions)
            yield f"The curve does not rise throughout: {sizes} lies on the other side of 1 than its fit."


def _compared(sizes: Sizes, comparison: Comparison) -> _Compared:
    net, raw = (_curve(sizes, comparison, net=one) for one in (True, False))
    left_out = {}
    for size, by_lowering in sizes.items():
        if size not in (net if net.best else raw).best:
            left_out[size] = _reason(by_lowering, comparison, measured=size in raw.best)
    clocks = {clock(cell) for cell in _cells(sizes)}
    basis = NET if net.best else DEVICE if "device" in clocks else RAW
    return _Compared(net if net.best else raw, raw, basis, left_out)


def _curve(sizes: Sizes, comparison: Comparison, *, net: bool) -> _Curve:
    found: dict[int, Best] = {}
    for size, by_lowering in sizes.items():
        spatial = by_lowering.get(SPATIAL)
        if spatial is None or not usable(spatial):
            continue
        logs = {
            name: taken
            for name, cell in by_lowering.items()
            if comparison.takes(cell)
            and usable(cell)
            and (taken := logs_of(paired(spatial, cell), net=net)) is not None
        }
        chosen = best(logs)
        if chosen is not None:
            found[size] = chosen
    if not found:
        return _Curve({}, None)
    return _Curve(found, crossover_of_logs(tuple(found), [one.logs for one in found.values()]))


def _reason(by_lowering: Mapping[str, Cell], comparison: Comparison, *, measured: bool) -> str:
    """Return why a size has no ratio."""
    if measured:
        return "a launch is not above an empty call"
    spatial = by_lowering.get(SPATIAL)
    if spatial is None or not usable(spatial):
        return f"spatial {_why(spatial)}"
    told = dict.fromkeys(_why(cell) for cell in by_lowering.values() if comparison.takes(cell))
    return " / ".join(told) or "not planned"


def _why(cell: Cell | None) -> str:
    if cell is None:
        return "was not planned"
    return f"{cell.status}: {cell.reason}" if cell.reason else cell.status


def _differ(one: Crossover, other: Crossover) -> bool:
    """Tell whether two crossovers say different things: another kind, or intervals that do not meet."""
    if one.kind != other.kind:
        return True
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low > other.high or other.low > one.high


def wins(ratio: Interval) -> str | None:
    """Return who is faster at a ratio spatial / lowering: "lowering", "spatial", None where it is open."""
    if ratio.low is None or ratio.high is None:
        return None
    return "lowering" if ratio.low > 1 else "spatial" if ratio.high < 1 else "neither"


def _location(prefix: str, found: Crossover | None) -> Row:
    values = (
        {} if found is None else {"estimate": found.estimate, "ci95_low": found.low, "ci95_high": found.high}
    )
    row = {
        f"{prefix}{name}": value if value is not None and math.isfinite(value) else None
        for name in ("estimate", "ci95_low", "ci95_high")
        for value in (values.get(name),)
    }
    return {**row, f"{prefix}interval": None if found is None else location(found)}


def location(found: Crossover) -> str:
    """Return an estimate with its interval in words: "23.1 [20.4, 26]", "below 7"."""
    smallest, largest = found.points[0].size, found.points[-1].size
    text = [
        place(value, smallest, largest)
        for value in (found.estimate, found.low, found.high)
        if value is not None
    ]
    return text[0] if len(set(text)) == 1 else f"{text[0]} [{text[1]}, {text[2]}]"


def place(value: float, smallest: float, largest: float) -> str:
    """Return a size in words, one beyond the range measured as "below 7" or "above 448"."""
    if math.isfinite(value):
        return f"{value:.3g}"
    return f"below {smallest:g}" if value < 0 else f"above {largest:g}"


def _ends(name: str, found: Interval | None) -> Row:
    ends = {} if found is None else {"": found.estimate, "_ci95_low": found.low, "_ci95_high": found.high}
    return {f"{name}{end}": ends.get(end) for end in ("", "_ci95_low", "_ci95_high")}
