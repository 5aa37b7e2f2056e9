"""The figures of a crossover, by matplotlib: latency by size, and under it the ratio to the spatial form."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latbench.errors import EnvironmentFault

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Look:
    """How one curve is drawn: told apart by colour, and in grey by marker, dashes and lightness."""

    label: str
    color: str
    marker: str
    dashes: str | tuple[int, tuple[float, ...]]


SPATIAL = "spatial"
LOOKS = {
    SPATIAL: Look("spatial", "#000000", "o", "-"),
    "literal_fft": Look("literal FFT (DFT operator, torch.fft)", "#D55E00", "^", (0, (4, 1.5))),
    "lowered_fft": Look("lowered FFT, the best", "#0072B2", "s", (0, (6, 1.5, 1, 1.5))),
    "best_exact": Look("best exact lowering", "#009E73", "D", (0, (1, 1))),
}
"""Colours of Okabe and Ito 2008, which the colour-blind tell apart."""

FAINT = "#BBBBBB"
STYLE = {
    "font.size": 7,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "latbench",
}
MISSING = "The figures need matplotlib: pip install 'latbench[plot]'; the CSV files are complete without it."


def draw(curves: Sequence[Row], ratios: Sequence[Row], crossovers: Sequence[Row], folder: Path) -> list[Path]:
    """Return the files written into `folder`: an SVG and a PNG for each channel count, or network.

    A figure has a column of panels for each runtime and axis: latency over size, with 95 % intervals, above
    the ratio spatial / lowering, where a crossover is marked with its interval. EnvironmentFault without
    matplotlib, or where `folder` cannot be written.
    """
    written = []
    for stem, of in _figures(curves):
        parts = [[row for row in rows if _figure(row) == of] for rows in (curves, ratios, crossovers)]
        figure = plotted(*parts)
        for suffix in ("svg", "png"):
            path = folder / f"{stem}.{suffix}"
            try:
                _save(figure, path)
            except OSError as error:
                raise EnvironmentFault(f"Cannot write {path}: {error.strerror}; make room for it.") from None
            written.append(path)
    return written


def plotted(curves: Sequence[Row], ratios: Sequence[Row], crossovers: Sequence[Row]) -> "Figure":
    """Return one figure of all the rows given, a column of two panels for each runtime and axis."""
    matplotlib = _matplotlib()
    from matplotlib.figure import Figure

    runtimes = list(dict.fromkeys(row["runtime"] for row in curves))
    panels = sorted(set(map(_panel, curves)), key=lambda one: (runtimes.index(one[0]), one[1] or ""))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(max(3.5, 1.9 * len(panels) + 0.4), 4.0), layout="constrained")
        grid = figure.subplots(2, len(panels), squeeze=False, sharex="col", sharey="row")
        for at, panel in enumerate(panels):
            of = [[row for row in rows if _panel(row) == panel] for rows in (curves, ratios, crossovers)]
            _latency(grid[0][at], of[0], of[1])
            _speedup(grid[1][at], of[1], of[2])
            grid[0][at].set_title(_title(of[0]), fontsize=7)
            _places(grid[1][at], sorted({row["size"] for row in of[0]}), of[0][0])
        grid[0][0].set_ylabel("latency, ms")
        _range(grid[0][0], [row["latency_ms"] for row in curves])
        _range(grid[1][0], [1.0, *(row["ratio"] for row in ratios)])
        bases = {row["basis"] for row in ratios}
        net = ",\nnet of an empty call" if bases == {"net"} else ""
        grid[1][0].set_ylabel(f"spatial / lowering{net}")
        handles, labels = _legend(grid[0])
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise EnvironmentFault(MISSING) from error
    return matplotlib


def _save(figure: "Figure", path: Path) -> None:
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with _matplotlib().rc_context(STYLE):
        figure.savefig(path, dpi=200, metadata=metadata)


def _latency(axes: "Axes", curves: Sequence[Row], ratios: Sequence[Row]) -> None:
    """Draw every lowering faintly, then the spatial form and the best of each comparison."""
    measured = [row for row in curves if row["latency_ms"] is not None]
    by_name: dict[str, dict[int, Row]] = {}
    for row in measured:
        by_name.setdefault(row["lowering"], {})[row["size"]] = row
    for name, rows in by_name.items():
        if name != SPATIAL:
            sizes = sorted(rows)
            axes.plot(
                sizes, [rows[size]["latency_ms"] for size in sizes], color=FAINT, linewidth=0.5, zorder=1
            )
    _line(axes, SPATIAL, list(by_name.get(SPATIAL, {}).values()), "latency", "_ms")
    for comparison in LOOKS:
        chosen = [
            by_name[row["lowering"]][row["size"]]
            for row in ratios
            if row["comparison"] == comparison and row["size"] in by_name.get(row["lowering"], {})
        ]
        _line(axes, comparison, chosen, "latency", "_ms")
    _logarithmic(axes)


def _speedup(axes: "Axes", ratios: Sequence[Row], crossovers: Sequence[Row]) -> None:
    axes.axhline(1, color=LOOKS[SPATIAL].color, linewidth=0.8, zorder=1)
    for comparison in LOOKS:
        rows = [row for row in ratios if row["comparison"] == comparison]
        _line(axes, comparison, rows, "ratio")
    for row in crossovers:
        _mark(axes, row)
    _logarithmic(axes)


def _logarithmic(axes: "Axes") -> None:
    axes.set(xscale="log", yscale="log")
    axes.yaxis.set_major_formatter(lambda value, _at: f"{value:g}")


def _line(axes: "Axes", name: str, rows: Sequence[Row], value: str, unit: str = "") -> None:
    """Draw the column `value`, its interval shaded where it has one."""
    if not rows:
        return
    look, ordered = LOOKS[name], sorted(rows, key=lambda row: row["size"])
    sizes = [row["size"] for row in ordered]
    values = [row[f"{value}{unit}"] for row in ordered]
    ends = [[row[f"{value}_ci95_{side}{unit}"] for row in ordered] for side in ("low", "high")]
    if not any(one is None for side in ends for one in side):
        axes.fill_between(sizes, ends[0], ends[1], color=look.color, alpha=0.18, linewidth=0, zorder=2)
    axes.plot(
        sizes,
        values,
        color=look.color,
        marker=look.marker,
        linestyle=look.dashes,
        label=look.label,
        markerfacecolor="white",
        zorder=3,
    )


def _mark(axes: "Axes", row: Row) -> None:
    """Mark where the fit passes 1: a star, with a bar for the interval that ends in an arrow if open."""
    if row["kind"] != "crossing" or row["estimate"] is None:
        return
    look, estimate = LOOKS[row["comparison"]], row["estimate"]
    axes.plot([estimate], [1], marker="*", markersize=9, color=look.color, markeredgecolor="white", zorder=5)
    if row["interval"] is None or "[" not in row["interval"]:
        return
    ends = (row["ci95_low"] or row["smallest"], row["ci95_high"] or row["largest"])
    axes.plot(ends, (1, 1), color=look.color, linewidth=2.5, solid_capstyle="butt", zorder=4)
    for known, end, arrow in ((row["ci95_low"], ends[0], "<"), (row["ci95_high"], ends[1], ">")):
        axes.plot([end], [1], marker=arrow if known is None else "|", color=look.color, zorder=4)


def _range(axes: "Axes", values: Iterable[float | None]) -> None:
    """Bound the row of panels by its curves: the band of few launches may reach down to 0."""
    known = [value for value in values if value is not None and value > 0]
    if known:
        axes.set_ylim(min(known) / 2, max(known) * 2)


def _places(axes: "Axes", sizes: Sequence[int], row: Row) -> None:
    axes.set_xticks(sizes, [str(size) for size in sizes], rotation=0 if len(sizes) < 6 else 45)
    axes.set_xticks([], minor=True)
    axes.set_xlabel("input, px" if row["axis"] is None else "size N of an N x N activation")


def _legend(panels: "Iterable[Axes]") -> tuple[list[Any], list[str]]:
    found: dict[str, Any] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        found.update(
            {label: handle for handle, label in zip(handles, labels, strict=True) if label not in found}
        )
    order = [look.label for look in LOOKS.values() if look.label in found]
    return [found[label] for label in order], order


def _figures(curves: Sequence[Row]) -> list[tuple[str, Key]]:
    """Return the name and the key of each figure."""
    return [(_stem(row), key) for key, row in {_figure(row): row for row in curves}.items()]


def _figure(row: Row) -> Key:
    return tuple(row[name] for name in ("model", "channels", "dense", "context", "threads"))


def _panel(row: Row) -> Key:
    return row["runtime"], row["axis"]


def _stem(row: Row) -> str:
    parts = ["crossover", row["model"] or f"c{row['channels']}"]
    parts += ["dense"] if row["dense"] else []
    parts += ["network"] if row["context"] == "network" else []
    parts += [f"{row['threads']}threads"] if row["threads"] != 1 else []
    return "_".join(parts)


def _title(curves: Sequence[Row]) -> str:
    row = curves[0]
    what = row["model"] or f"axis {row['axis'].upper()}, {row['channels']} channels"
    device = "" if row["device"] == "cpu" else f" on {row['device']}"
    timed = ", device latency" if any(row["clock"] == "device" for row in curves) else ""
    return f"{row['runtime']}{device}{timed}\n{what}"
