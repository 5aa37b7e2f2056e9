"""What the formats of a paper's table share: its columns, how far the rankings agree, and the notes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from latbench.papers.agreement import FEWEST, Agreement
from latbench.papers.beside import MACS_TOLERANCE, PARAMS_TOLERANCE, Beside, Count, Line
from latbench.papers.counted import PUBLISHED
from latbench.papers.measured import Latency, Setting
from latbench.papers.table import BILLIONS, MILLIONS, Device, Figure
from latbench.reports.figures import UNKNOWN, interval, number
from latbench.reports.formats.base import Page

MARK = "≠"
ABSENT = "not in zoo"
_FACETS = ("threads", "device", "precision", "target", "cpu_model")


@dataclass(frozen=True)
class Format:
    """One way to write a paper's table: `render` returns the whole text, its last line end included."""

    name: str
    description: str
    render: Callable[[Beside, Page], str]


@dataclass(frozen=True)
class Column:
    """A column of a table: those with the highest `dispensable` are left out first, those with 0 never.

    A column that `wraps` may break its text between words.
    """

    title: str
    cells: tuple[str, ...]
    numeric: bool = True
    dispensable: int = 0
    wraps: bool = False


def columns(shown: Beside) -> list[Column]:
    """Return the columns: the paper's label and figures, ours right beside each."""

    def column(title: str, text: Callable[[Line], str], numeric: bool = True, dispensable: int = 0) -> Column:
        return Column(title, tuple(map(text, shown.lines)), numeric, dispensable)

    made = [
        column("published", lambda line: line.row.label, numeric=False),
        column("here", lambda line: ABSENT if line.here is None else line.here.caption, False, 4),
        column("top-1 %", lambda line: printed(line.row.top1), dispensable=1),
        column("params M", lambda line: printed(line.row.params), dispensable=3),
        column("ours", lambda line: ours(line.params, MILLIONS), dispensable=3),
        column(f"{shown.table.flops_called} G", lambda line: printed(line.row.flops), dispensable=2),
        column("our MACs", lambda line: ours(line.macs, BILLIONS), dispensable=2),
    ]
    made += [column(f"{device.key} {device.unit}", _speed(device.key)) for device in shown.table.devices]
    named = names(shown.settings)
    made += [column(f"{named[one]} ms", _latency(one)) for one in shown.settings]
    return [one for one in made if one.title == "here" or set(one.cells) != {UNKNOWN}]


def printed(figure: Figure | None) -> str:
    """Return a published figure as it was printed."""
    return UNKNOWN if figure is None else figure.text


def ours(count: Count, unit: float) -> str:
    """Return our count in `unit` to four digits, marked where it contradicts the published figure."""
    if count.ours is None:
        return UNKNOWN
    return f"{MARK if count.contradicted else ''}{number(count.ours / unit, 4)}"


def _speed(key: str) -> Callable[[Line], str]:
    return lambda line: printed(line.row.speed.get(key))


def _latency(setting: Setting) -> Callable[[Line], str]:
    return lambda line: latency(line.measured.get(setting))


def latency(measured: Latency | None) -> str:
    """Return a measured latency in ms with its interval, or how its row ended."""
    if measured is None:
        return UNKNOWN
    if measured.ms is None:
        return measured.status
    remarks = [
        *(["quick"] if measured.protocol == "quick" else []),
        *(["not converged"] if measured.status == "not_converged" else []),
    ]
    rough = f" ({', '.join(remarks)})" if remarks else ""
    return interval(measured.ms, measured.low, measured.high) + rough


def names(settings: tuple[Setting, ...]) -> dict[Setting, str]:
    """Return a name for each setting: its runtime, threads, and what else tells it from others of it."""
    told: dict[Setting, str] = {}
    for one in settings:
        same = [other for other in settings if other.runtime == one.runtime]
        differing = [name for name in _FACETS if len({getattr(other, name) for other in same}) > 1]
        facets = [name for name in _FACETS if name in differing or name == "threads"]
        told[one] = ", ".join([one.runtime, *(_facet(one, name) for name in facets)])
    return told


def _facet(setting: Setting, name: str) -> str:
    value = getattr(setting, name)
    if name != "threads":
        return str(value) or f"{name} unknown"
    return "threads unknown" if value < 0 else f"{value} thread{'' if value == 1 else 's'}"


def ranks(shown: Beside) -> list[Column]:
    """Return the table of rank correlations as columns; none without measured latencies."""
    named = names(shown.settings)
    if not shown.agreements:
        return []

    def column(title: str, text: Callable[[Agreement], str], numeric: bool = False, **rest: Any) -> Column:
        return Column(title, tuple(map(text, shown.agreements)), numeric, **rest)

    return [
        column("published", lambda one: one.device.key),
        column("measured", lambda one: named[one.setting], wraps=True),
        column("networks", lambda one: str(one.correlation.n), numeric=True),
        column("rho (95 %)", _rho, numeric=True),
        column("p", lambda one: chance(one.correlation.p_rho), numeric=True),
        column("tau", lambda one: _two(one.correlation.tau), numeric=True, dispensable=3),
        column("p of tau", lambda one: chance(one.correlation.p_tau), numeric=True, dispensable=3),
        column("other order", _order, wraps=True, dispensable=1),
        column("unlike", lambda one: "; ".join(one.unlike) or "processor only", wraps=True, dispensable=2),
    ]


def _rho(one: Agreement) -> str:
    found = one.correlation
    return found.nothing or f"{_two(found.rho)} ({_two(found.low)} to {_two(found.high)})"


def _two(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def chance(p: float | None) -> str:
    """Return a p-value to two digits, or that it is below 0.001."""
    return "<0.001" if p is not None and p < 0.001 else number(p, 2)


def _order(one: Agreement) -> str:
    n = one.correlation.n
    surely = f", {len(one.surely)} surely" if one.swapped else ""
    return f"{len(one.swapped)} of {n * (n - 1) // 2} pairs{surely}"


def notes(shown: Beside) -> list[str]:
    """Return the sentences below the table: sources, what the figures mean, each contradiction."""
    return [
        *_sources(shown),
        *_operations(shown),
        *_contradictions(shown),
        *shown.table.notes,
        *_rows(shown),
        *_measurements(shown),
    ]


def _sources(shown: Beside) -> Iterator[str]:
    table = shown.table
    others: dict[str, list[str]] = {}
    for line in shown.lines:
        for source in {one.source for one in (line.row.top1, line.row.params, line.row.flops) if one}:
            if source != table.source:
                others.setdefault(source, []).append(line.row.label)
    apart = "".join(f"; {', '.join(labels)}: {source}" for source, labels in others.items())
    yield f"Source: {table.source}{apart}."
    for device in table.devices:
        yield f"{device.key}: {device.name}{_elsewhere(shown, device)}."


def _elsewhere(shown: Beside, device: Device) -> str:
    sources = {line.row.speed[device.key].source for line in shown.lines if device.key in line.row.speed}
    return "" if sources <= {shown.table.source} else f" ({'; '.join(sorted(sources))})"


def _operations(shown: Beside) -> Iterator[str]:
    called, seen = shown.table.flops_called, shown.over_counted
    if seen is None:
        if any(line.row.flops for line in shown.lines):
            yield f"The {called} of this table are taken as {_taken(shown)}."
        return
    span = "" if seen.networks == 1 else f", {seen.least:.2f} to {seen.most:.2f}"
    over = f"{seen.networks} network{'' if seen.networks == 1 else 's'}"
    yield (
        f"The {called} of this table are taken as {_taken(shown)}. Published over counted MACs: "
        f"{seen.middle:.2f} in the median ({over}{span})."
    )


def _taken(shown: Beside) -> str:
    return (
        "multiply-accumulates (MACs); true FLOPs are twice as many"
        if shown.table.per_mac == 1
        else "FLOPs, two for each multiply-accumulate (MAC)"
    )


def _contradictions(shown: Beside) -> Iterator[str]:
    found = [
        f"{line.row.label}: {name} {count.published.text} {unit} published, "
        f"{number(count.ours / scale, 4)} counted ({100 * count.published.off(count.ours):+.1f} %)"
        for line in shown.lines
        for name, count, unit, scale in (
            ("params", line.params, "M", MILLIONS),
            (shown.table.flops_called, line.macs, "G", BILLIONS),
        )
        if count.contradicted and count.published is not None and count.ours is not None
    ]
    if found:
        beyond = f"{100 * PARAMS_TOLERANCE:g} % (params), {100 * MACS_TOLERANCE:g} % (MACs)"
        yield f"{MARK}: our count is off by more than the published rounding and {beyond}."
        yield from (f"{sentence}." for sentence in found)


def _rows(shown: Beside) -> Iterator[str]:
    yield from _grouped((line.row.note, line.row.label) for line in shown.lines)
    yield from _grouped(
        (f"{ABSENT}: {line.row.absent}", line.row.label)
        for line in shown.lines
        if line.here is None and line.row.absent is not None
    )
    unknown = "the zoo has no network of the name, nor have the results"
    yield from _grouped(
        (f"{ABSENT}: {unknown}", f"{line.row.label} ({line.row.names[0]})")
        for line in shown.lines
        if line.here is None and line.row.names
    )
    yield from _grouped(
        (f"our MACs are of another resolution than {line.row.resolution}", line.row.label)
        for line in shown.lines
        if line.here is not None and line.row.flops is not None and line.macs.ours is None
    )
    inferred = [(line.row.label, line.here) for line in shown.lines if line.here is not None]
    for label in dict.fromkeys(here.label for _, here in inferred if here.label != PUBLISHED):
        yield from _grouped((f"{label}, {here.why}", name) for name, here in inferred if here.label == label)


def _grouped(pairs: Iterable[tuple[str | None, str]]) -> Iterator[str]:
    """Yield each sentence once, after all the names that it holds for."""
    held: dict[str, dict[str, None]] = {}
    for sentence, name in pairs:
        if sentence:
            held.setdefault(sentence, {})[name] = None
    yield from (f"{', '.join(found)}: {sentence}." for sentence, found in held.items())


def _measurements(shown: Beside) -> Iterator[str]:
    if not shown.settings:
        yield f"No measured latency of these networks{_other_sizes(shown)}."
        return
    facets = {name: sorted({getattr(one, name) for one in shown.settings}) for name in _FACETS[1:]}
    told = ", ".join(f"{name.partition('_')[0]} {' / '.join(map(str, one))}" for name, one in facets.items())
    yield f"Measured: ms, median of launch medians ± the farther end of its 95 % interval; {told}."
    for setting, name in names(shown.settings).items():
        measured = [line.measured[setting] for line in shown.lines if setting in line.measured]
        runs = {one.run_id for one in measured if one.ms is not None}
        if len(runs) > 1:
            yield f"{name}: from {len(runs)} runs, between which the machine may have changed its speed."
    others = sum(one.others for line in shown.lines for one in line.measured.values())
    if others:
        yield f"Of several rows in one setting the latest full, ok one is shown; {others} gave way."
    if shown.unused:
        yield f"{shown.unused} rows at another resolution or batch than the paper's are left out."


def _other_sizes(shown: Beside) -> str:
    if not shown.unused:
        return ": --results DIR names what `latbench run` measured"
    rows = "1 row of them is" if shown.unused == 1 else f"{shown.unused} rows of them are"
    mend = "`latbench run --resolution` measures at the paper's"
    return f" as in the paper: {rows} at another resolution or batch; {mend}"


def below(shown: Beside) -> list[str]:
    """Return the sentences below the rank correlations; none where there are none."""
    if not shown.agreements:
        return []
    return [
        "rho: Spearman, 1 where the networks rank here as published; tau: Kendall's tau-b; p: chance that "
        "unrelated rankings agree or disagree as far (permutations), not corrected for the number of rows.",
        f"The interval takes the networks for a random sample; below {FEWEST} networks there is none. "
        "Other order: pairs that rank the other way round here; surely: with intervals apart. "
        "Unlike: what the published column has otherwise, or does not state, besides the processor.",
        *(
            f"{one.device.key} against {names(shown.settings)[one.setting]}, other order: {_pairs(one)}."
            for one in shown.agreements
            if one.surely
        ),
    ]


def _pairs(one: Agreement, most: int = 6) -> str:
    told = [f"{fast} published as faster than {slow}" for fast, slow in one.surely[:most]]
    rest = len(one.surely) - most
    return "; ".join(told) + (f"; and {rest} more" if rest > 0 else "")
