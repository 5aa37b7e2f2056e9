"""A paper's table with ours beside it: our counts, our measured latencies, and how far both rank alike."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from latbench.papers.agreement import Agreement, agreement
from latbench.papers.counted import Counted, counted
from latbench.papers.measured import Latency, Setting, answers, latencies
from latbench.papers.table import Figure, PaperRow, PaperTable
from latbench.records import Row

PARAMS_TOLERANCE = 0.01
MACS_TOLERANCE = 0.03
"""Shares by which a published figure must miss our count, rounding aside, to be marked: counting programs
differ in what they leave out, more so for MACs than for parameters."""


@dataclass(frozen=True)
class Count:
    """A published figure in the unit of our count; either may be None (unknown)."""

    published: Figure | None
    ours: int | None
    tolerance: float

    @property
    def contradicted(self) -> bool:
        """Whether both are known and differ by more than rounding and the tolerance."""
        if self.published is None or self.ours is None:
            return False
        return self.published.contradicted(self.ours, self.tolerance)


@dataclass(frozen=True)
class OverCounted:
    """Published over counted MACs: `middle` is the median over `networks`, `least` and `most` their ends."""

    middle: float
    least: float
    most: float
    networks: int


@dataclass(frozen=True)
class Line:
    """A row of the paper and what is known of its network here; `here` is None where there is none."""

    row: PaperRow
    here: Counted | None
    params: Count
    macs: Count
    measured: Mapping[Setting, Latency]


@dataclass(frozen=True)
class Beside:
    """The whole answer: `settings` are the measured columns, `unused` the rows at another size or batch."""

    table: PaperTable
    lines: tuple[Line, ...]
    settings: tuple[Setting, ...]
    agreements: tuple[Agreement, ...]
    unused: int

    @property
    def over_counted(self) -> "OverCounted | None":
        """Published over counted MACs, over the networks with both; None without any."""
        counts = [line.macs for line in self.lines if line.macs.published is not None and line.macs.ours]
        ratios = [1 + one.published.off(one.ours) for one in counts if one.published and one.ours]
        return OverCounted(median(ratios), min(ratios), max(ratios), len(ratios)) if ratios else None


def beside(
    table: PaperTable,
    rows: Sequence[Row] = (),
    runtimes: Collection[str] = (),
    threads: Collection[int] = (),
) -> Beside:
    """Return `table` with our figures; of `rows` those on `runtimes` and `threads` count (empty: all)."""
    chosen = [
        row
        for row in rows
        if (not runtimes or row["runtime"] in runtimes)
        and (not threads or row["threads_requested"] in threads)
    ]
    lines = tuple(_line(row, table, chosen) for row in table.rows)
    settings = tuple(sorted({key for line in lines for key in line.measured}))
    agreements = [
        agreement(
            device,
            key,
            published,
            {line.row.label: line.measured[key] for line in lines if key in line.measured},
        )
        for device in table.devices
        for key in settings
        if (
            published := {
                line.row.label: line.row.speed[device.key] for line in lines if device.key in line.row.speed
            }
        )
    ]
    names = {name for row in table.rows for name in row.names}
    unused = sum(
        row["model"] in names and row["arm"] is None and not any(answers(row, asked) for asked in table.rows)
        for row in chosen
    )
    return Beside(table, lines, settings, tuple(agreements), unused)


def _line(row: PaperRow, table: PaperTable, rows: Sequence[Row]) -> Line:
    here = counted(row.names, row.resolution, rows)
    macs = here.macs if here is not None and here.resolution == row.resolution else None
    flops = row.flops and Figure(row.flops.text, row.flops.source, row.flops.scale / table.per_mac)
    return Line(
        row=row,
        here=here,
        params=Count(row.params, None if here is None else here.params, PARAMS_TOLERANCE),
        macs=Count(flops, macs, MACS_TOLERANCE),
        measured=latencies(row, rows),
    )
