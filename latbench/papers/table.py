"""A table of a paper as data: every published figure as it was printed, with where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MILLIONS, BILLIONS = 1e6, 1e9
MACS = "MACs"
PER_MAC = {MACS: 1, "FLOPs": 2}
"""What a table's FLOPs may be, and how many of them are one multiply-accumulate."""


@dataclass(frozen=True)
class Figure:
    """A published figure: `text` as printed, in units of `scale`, and its source."""

    text: str
    source: str
    scale: float = 1.0

    @property
    def value(self) -> float:
        """The figure in its plain unit: parameters, operations, percent, milliseconds, images a second."""
        return float(self.text) * self.scale

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit: how far rounding alone takes the figure from the truth."""
        return 0.5 * 10.0 ** -len(self.text.partition(".")[2]) * self.scale

    def off(self, count: float) -> float:
        """Return the published figure over `count`, minus one."""
        return self.value / count - 1

    def contradicted(self, count: float, tolerance: float) -> bool:
        """Tell whether `count` is beyond both rounding and `tolerance` (a share of the count) away."""
        return abs(self.value - count) > max(self.half_unit * (1 + 1e-9), tolerance * count)


@dataclass(frozen=True)
class Device:
    """A column of published latencies: what ran there, as far as it is stated (None: it is not).

    `key` is its short name, `device` "cpu", "gpu", "phone" or "npu", `unit` "ms" or "images/s".
    """

    key: str
    name: str
    device: str
    source: str
    runtime: str | None = None
    threads: int | None = None
    unit: str = "ms"


@dataclass(frozen=True)
class PaperRow:
    """A row: its label in the paper, the `names` its network goes by here, its figures (None: not published).

    `absent` says why no network here stands for it, and is None where `names` has some. `flops` is in
    operations; `speed` holds the figures of the devices by their keys.
    """

    label: str
    names: tuple[str, ...]
    absent: str | None
    resolution: int
    params: Figure | None
    flops: Figure | None
    top1: Figure | None
    speed: Mapping[str, Figure]
    note: str | None


@dataclass(frozen=True)
class PaperTable:
    """A table: `flops` says what its FLOPs are, one of PER_MAC, and `flops_called` what it calls them."""

    name: str
    title: str
    paper: str
    source: str
    flops: str
    flops_called: str
    notes: tuple[str, ...]
    devices: tuple[Device, ...]
    rows: tuple[PaperRow, ...]

    @property
    def per_mac(self) -> int:
        """How many of the table's FLOPs are one multiply-accumulate."""
        return PER_MAC[self.flops]


def parsed(told: Mapping[str, Any]) -> PaperTable:
    """Return the table that a file of `tables/` tells; ValueError for what cannot be.

    A row's `source` is that of its parameters, FLOPs and top-1, by default the table's; a device's that of
    its latencies, by default the row's.
    """
    if told["flops"] not in PER_MAC:
        raise ValueError(f"{told['name']}: flops is {told['flops']!r}, not one of {', '.join(PER_MAC)}")
    devices = tuple(Device(**{"source": told["source"], **device}) for device in told["devices"])
    own = {device["key"]: device["source"] for device in told["devices"] if "source" in device}
    if len({device.key for device in devices}) != len(devices):
        raise ValueError(f"{told['name']}: two devices have the same key")
    rows = tuple(_row(row, told, own, {device.key for device in devices}) for row in told["rows"])
    if len({row.label for row in rows}) != len(rows):
        raise ValueError(f"{told['name']}: two rows have the same label")
    plain = {name: told[name] for name in ("name", "title", "paper", "source", "flops", "flops_called")}
    return PaperTable(**plain, notes=tuple(told.get("notes", ())), devices=devices, rows=rows)


def _row(
    row: Mapping[str, Any], table: Mapping[str, Any], own: Mapping[str, str], keys: set[str]
) -> PaperRow:
    source = row.get("source", table["source"])
    if ("models" in row) == ("absent" in row) or not row.get("speed", {}).keys() <= keys:
        raise ValueError(f"{table['name']}, {row['label']}: needs models or absent, and known devices only")

    def figure(name: str, scale: float) -> Figure | None:
        return Figure(row[name], source, scale) if name in row else None

    return PaperRow(
        label=row["label"],
        names=tuple(row.get("models", ())),
        absent=row.get("absent"),
        resolution=row.get("resolution", 224),
        params=figure("params_m", MILLIONS),
        flops=figure("flops_g", BILLIONS),
        top1=figure("top1", 1.0),
        speed={key: Figure(text, own.get(key, source)) for key, text in row.get("speed", {}).items()},
        note=row.get("note"),
    )
