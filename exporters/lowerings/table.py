"""The measured table that `auto` chooses from: how fast each lowering was, where, on which machine.

A CSV file that begins with lines `# name: value` (machine, cpu, date, versions, source). One comes with the
package; `latbench tune` makes one's own.
"""

import csv
import hashlib
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from exporters.errors import InputError
from exporters.lowerings.base import AXES
from exporters.lowerings.name import VALUES, parse

COLUMNS = (
    *("runtime", "axis", "length", "channels", "threads", "neighbours", "dense", "lowering"),
    *("ms", "over_spatial", "ci95_low", "ci95_high", "pointwise"),
)
NEIGHBOURS = ("none", "conv")
"""What stands around the operator: nothing known, or 1x1 convolutions on both sides."""

CELL = ("runtime", "axis", "dense", "neighbours", "threads", "length", "channels")
FILE = "measured.csv"
PACKAGED = "the package's table"


@dataclass(frozen=True)
class Row:
    """One lowering of one operator on a square map of `length`, as one runtime ran it.

    `lowering` is the text that `exporters.lowerings.name.parse` reads; `ms` its latency, that of the
    neighbours included; `over_spatial` the spatial form's latency over it, with its 95 % interval. Unknown is
    None. `cpu` is the processor's name, which the file states once.
    """

    runtime: str
    axis: str
    length: int
    channels: int
    threads: int
    neighbours: str
    dense: bool
    lowering: str
    ms: float | None
    over_spatial: float
    ci95_low: float | None = None
    ci95_high: float | None = None
    cpu: str | None = None

    @property
    def cell(self) -> tuple[str | int | bool, ...]:
        """What was measured, whichever way it was written."""
        return tuple(getattr(self, name) for name in CELL)

    @property
    def place(self) -> str:
        """The cell in words."""
        kind = "dense, " if self.dense else ""
        around = "between 1x1 convolutions" if self.neighbours == "conv" else "alone"
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        size = f"{kind}axis {self.axis}, N {self.length}, {self.channels} channels"
        return f"{self.runtime}, {size}, {threads}, {around}"


@dataclass(frozen=True)
class Table:
    """Measured rows, and what the file says of itself; `origin` names the file in words."""

    rows: tuple[Row, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    origin: str = PACKAGED
    sha256: str | None = None

    @property
    def cpu(self) -> str | None:
        """The processor that was measured."""
        return self.facts.get("cpu")

    def matches(self, machine: str | None) -> bool:
        """Tell whether the table was measured on `machine`, a processor's name; an unknown one never is."""
        return machine is not None and self.cpu is not None and same_cpu(self.cpu, machine)

    def over(self, other: "Table") -> "Table":
        """Return these rows, and those of `other` for the cells that are not among them."""
        mine = {row.cell for row in self.rows}
        both = f"{self.sha256}+{other.sha256}".encode()
        return Table(
            (*self.rows, *(row for row in other.rows if row.cell not in mine)),
            self.facts,
            f"{self.origin} over {other.origin}",
            hashlib.sha256(both).hexdigest(),
        )

    def text(self) -> str:
        """Return the file, which `load` reads back."""
        out = io.StringIO()
        out.writelines(f"# {name}: {value}\n" for name, value in self.facts.items())
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows:
            pointwise = parse(row.lowering).pointwise
            numbers = (_short(each) for each in (row.ms, row.over_spatial, row.ci95_low, row.ci95_high))
            told = (row.runtime, row.axis, row.length, row.channels, row.threads, row.neighbours)
            writer.writerow((*told, int(row.dense), row.lowering, *numbers, pointwise))
        return out.getvalue()


def same_cpu(one: str, other: str) -> bool:
    """Tell whether two names of processors are one, however they are spaced."""
    return one.split() == other.split()


def chosen(path: Path | None) -> Table:
    """Return the table at `path` with the package's in its gaps, the package's alone for None."""
    return packaged() if path is None else load(path).over(packaged())


@cache
def packaged() -> Table:
    """Return the table that comes with the package."""
    return parsed(resources.files("exporters.lowerings").joinpath(FILE).read_bytes(), PACKAGED)


def load(path: Path) -> Table:
    """Return the table in the file `path`; InputError when it cannot be read or a line of it not used."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read the table {path}: {error.strerror}; name another.") from None
    return parsed(data, str(path))


def parsed(data: bytes, origin: str) -> Table:
    """Return the table that `data` holds, the content of the file `origin`; InputError names a bad line."""
    try:
        lines = data.decode().splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{origin} is no CSV file of lowerings; name another table.") from None
    facts: dict[str, str] = {}
    start = 0
    while start < len(lines) and (lines[start].startswith("#") or not lines[start].strip()):
        name, _, value = lines[start].lstrip("# ").partition(":")
        if name.strip() and value.strip():
            facts[name.strip()] = value.strip()
        start += 1
    reader = csv.DictReader(lines[start:])
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"{origin} has no column {', '.join(missing)}; name another table.")
    rows = tuple(_rows(reader, origin, start + 1, facts.get("cpu")))
    return Table(rows, facts, origin, hashlib.sha256(data).hexdigest())


def _rows(reader: "csv.DictReader[str]", origin: str, header: int, cpu: str | None) -> Iterator[Row]:
    seen: set[tuple[object, ...]] = set()
    for told in reader:
        where = f"{origin}, line {header + reader.line_num - 1}"
        try:
            row = _row(told, cpu)
            if (row.cell, row.lowering) in seen:
                raise ValueError(f"{row.lowering} stands twice for {row.place}")
        except (ValueError, TypeError) as error:
            raise InputError(f"{where}: {error}; mend it or name another table.") from None
        seen.add((row.cell, row.lowering))
        yield row


def _row(told: Mapping[str, str], cpu: str | None) -> Row:
    lowering = told["lowering"]
    if lowering not in VALUES or lowering == "auto":
        raise ValueError(f"there is no lowering {lowering!r}")
    for name, known in (("axis", tuple(AXES)), ("neighbours", NEIGHBOURS), ("dense", ("0", "1"))):
        if told[name] not in known:
            raise ValueError(f"{name} {told[name]!r} is none of {', '.join(known)}")
    if told["pointwise"] != parse(lowering).pointwise:
        raise ValueError(f"pointwise {told['pointwise']!r} is not that of {lowering}")
    length, channels, threads = (_whole(told, name) for name in ("length", "channels", "threads"))
    ratio = _number(told, "over_spatial")
    if ratio is None:
        raise ValueError("over_spatial is empty")
    return Row(
        *(told["runtime"], told["axis"], length, channels, threads, told["neighbours"]),
        *(told["dense"] == "1", lowering, _number(told, "ms"), ratio),
        *(_number(told, "ci95_low"), _number(told, "ci95_high"), cpu),
    )


def _whole(told: Mapping[str, str], name: str) -> int:
    if not told[name].isdecimal() or int(told[name]) < 1:
        raise ValueError(f"{name} {told[name]!r} is no whole number of at least 1")
    return int(told[name])


def _number(told: Mapping[str, str], name: str) -> float | None:
    if not told[name]:
        return None
    try:
        value = float(told[name])
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ValueError(f"{name} {told[name]!r} is no number above 0")
    return value


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def ordered(rows: Iterable[Row]) -> Sequence[Row]:
    """Return rows by cell, the fastest of each cell first."""
    return sorted(rows, key=lambda row: (row.cell, -row.over_spatial, row.lowering))
