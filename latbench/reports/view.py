"""What a table for people shows: its columns, what all rows share, and the notes below."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from latbench.records import Row
from latbench.records.flags import flags
from latbench.reports.figures import UNKNOWN, interval, number, short, text
from latbench.reports.levels import at_best, brief, levels, several
from latbench.reports.ranking import Ranked
from latbench.reports.title import model

_LEGEND = (
    "Times in ms. latency: median of launch medians ± the farther end of its 95 % interval; "
    "first: first inference; parity: largest difference from the reference, relative to its largest value."
)

_DEVICE_LEGEND = (
    "device: the inference on the GPU alone, between events on its stream; latency is from the call to the "
    "outputs on the host."
)

_LEVELS_LEGEND = (
    "levels: latencies between which the machine went back and forth, with the share of the inferences "
    "at each; compare level by level."
)
_LEVELS_FLAG = "levels="


@dataclass(frozen=True)
class Shown:
    """One column of a table: `text` of a row; the columns with the highest `dispensable` are left out first.

    0 is never left out. A column that `wraps` may break its text over lines. What a column that was left out
    must still tell goes into the notes: `instead` of a row, where that is not None.
    """

    title: str
    text: Callable[[Ranked], str]
    dispensable: int = 0
    numeric: bool = True
    wraps: bool = False
    instead: Callable[[Ranked], str | None] | None = None


def _of(name: str, form: Callable[..., str]) -> Callable[[Ranked], str]:
    return lambda one: form(one.row.get(name))


def _setting(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else text(value)


def _latency(one: Ranked) -> str:
    row = one.row
    return interval(row["latency_ms"], row.get("latency_ci95_low_ms"), row.get("latency_ci95_high_ms"))


def _device(one: Ranked) -> str:
    row = one.row
    return interval(row["device_median_ms"], row["device_ci95_low_ms"], row["device_ci95_high_ms"])


def _parity(one: Ranked) -> str:
    worst = one.row["parity_max_rel"]
    unchecked = worst is None and one.row["launches"]
    return "unchecked" if unchecked else number(worst, digits=2)


def _flags(one: Ranked) -> list[str]:
    """Return the flags of a row but for `levels` where these are shown, which says the same."""
    fired = one.row["flags"].split(";") if one.row["flags"] else []
    return [flag for flag in fired if not (flag.startswith(_LEVELS_FLAG) and several(one.row))]


def _flagged(one: Ranked) -> str | None:
    fired = _flags(one)
    return f"{_where(one.row)}: {', '.join(fired)}" if fired else None


def _levels(one: Ranked) -> str:
    return "\n".join(map(brief, several(one.row))) or ("one" if levels(one.row) else UNKNOWN)


def _levelled(one: Ranked) -> str | None:
    told = " | ".join(map(brief, several(one.row)))
    return f"{_where(one.row)}: levels {told}" if told else None


def _where(row: Row) -> str:
    threads = row["threads_requested"]
    return f"{model(row)}, {row['runtime']}, {threads} thread{'s' * (threads != 1)}"


_STATUS = Shown("status", _of("status", text), numeric=False)
_PROTOCOL = Shown("protocol", _of("protocol", text), numeric=False)


def _best(one: Ranked) -> str:
    found = at_best(one.row)
    return UNKNOWN if found is None else brief(found)


def _bested(one: Ranked) -> str | None:
    found = at_best(one.row)
    return None if found is None else f"{_where(one.row)}: at best {brief(found)} ms"


_DEVICE = Shown("device ms", _device)
_LEVELS = Shown("levels ms", _levels, 2, instead=_levelled)
_BEST = Shown("best ms", _best, 2, instead=_bested)

_COLUMNS = (
    Shown("#", lambda one: text(one.rank)),
    Shown("model", lambda one: model(one.row), numeric=False, wraps=True),
    Shown("runtime", _of("runtime", text), numeric=False),
    Shown("threads", _of("threads_requested", text), 1),
    Shown("latency ms", _latency),
    Shown("min", _of("latency_min_ms", number), 4),
    Shown("p99", lambda one: number(one.row.get("latency_p99_ms")), 3),
    Shown("first", _of("first_inference_ms", number), 6),
    Shown("load", _of("load_ms", number), 7),
    Shown("RSS MiB", _of("peak_rss_mib", number), 8),
    Shown("parity", _parity, 5),
    Shown("target", _of("target", text), 4, numeric=False),
    Shown("sha", _of("artifact_sha256", short), 9, numeric=False),
)
_FLAGS = Shown("flags", lambda one: "\n".join(_flags(one)) or UNKNOWN, 5, False, True, _flagged)


@dataclass(frozen=True)
class _Context:
    """A setting: a column where rows differ in it, else a word in the caption."""

    name: str
    title: str
    word: str


_CONTEXTS = (
    _Context("cpu_model", "CPU", "{}"),
    _Context("usable_cpus", "CPUs", "{} usable CPUs"),
    _Context("gpu", "GPU", "{}"),
    _Context("device", "device", "device {}"),
    _Context("precision_requested", "precision", "{}"),
    _Context("input_shape", "input", "input {}"),
    _Context("batch", "batch", "batch {}"),
    _Context("lowering", "lowering", "{}"),
    _Context("runtime_options", "options", "options {}"),
    _Context("arm", "arm", "arm {}"),
    _Context("iterations", "n", "{} timed inferences"),
    _Context("launches", "launches", "{} launches"),
    _Context("boundary", "boundary", "boundary {}"),
    _Context("precision_target_percent", "asked ± %", "asked for ± {:g} %"),
)


@dataclass(frozen=True)
class View:
    """A table for people: columns, rows, one line on what all rows share, and notes to stand below."""

    columns: tuple[Shown, ...]
    rows: tuple[Ranked, ...]
    caption: str
    notes: tuple[str, ...]

    def cells(self, one: Ranked) -> list[str]:
        """Return the text of one row, column by column."""
        return [column.text(one) for column in self.columns]

    def without(self, column: Shown) -> "View":
        """Return this view with `column` left out."""
        instead = () if column.instead is None else filter(None, map(column.instead, self.rows))
        columns = tuple(one for one in self.columns if one != column)
        return View(columns, self.rows, self.caption, (*self.notes, *instead))


def view(rows: Sequence[Ranked]) -> View:
    """Return the view of `rows`, which are in order."""
    plain = [one.row for one in rows]
    differing, shared = [], []
    for context in _CONTEXTS:
        values = {row.get(context.name) for row in plain if row["launches"] or context.name not in _MEASURED}
        if len(values) > 1:
            differing.append(Shown(context.title, _of(context.name, _setting), 2, numeric=False))
        elif values - {None}:
            shared.append(context.word.format(*values))
    status = [_STATUS] if any(row["status"] != "ok" for row in plain) else []
    protocols = {row["protocol"] for row in plain} - {None}
    if len(protocols) > 1 or "quick" in protocols:
        status.insert(0, _PROTOCOL)
    elif protocols - {"launches"}:
        shared.append(f"protocol {protocols.pop()}")
    device = [_DEVICE] if any(map(_on_device, plain)) else []
    split = [_LEVELS] if any(map(several, plain)) else []
    split += [_BEST] if any(map(at_best, plain)) else []
    columns = (*_COLUMNS[:4], *differing, *status, _COLUMNS[4], *device, *split, *_COLUMNS[5:], _FLAGS)
    return View(columns, tuple(rows), " · ".join(shared), tuple(_notes(plain)))


_MEASURED = frozenset({"iterations", "launches", "boundary"})
_PROTOCOLS = {
    "adaptive": "adaptive: launches until the interval is as narrow as asked for; else not_converged.",
    "quick": "quick: a rough answer from few, short launches; measure without --quick to rely on it.",
    "paper": "paper: all inferences in one launch, as the papers did.",
}


def _notes(rows: Iterable[Row]) -> list[str]:
    rows = list(rows)
    notes = [_LEGEND] if any(row["latency_ms"] is not None for row in rows) else []
    protocols = {row["protocol"] for row in rows}
    notes += [_DEVICE_LEGEND] if any(map(_on_device, rows)) else []
    notes += [words for protocol, words in _PROTOCOLS.items() if protocol in protocols]
    notes += [_LEVELS_LEGEND] if any(map(several, rows)) else []
    fired = {flag.partition("=")[0] for row in rows for flag in _flags(Ranked(row, None))}
    notes += [f"{flag.name}: {flag.description}" for flag in flags() if flag.name in fired]
    notes += [_why(row) for row in rows if row["status"] != "ok"]
    return notes


def _on_device(row: Row) -> bool:
    return row.get("device_median_ms") is not None


def _why(row: Row) -> str:
    reason = f": {row['reason']}" if row["reason"] else ""
    return f"{_where(row)}: {row['status']}{reason}"
