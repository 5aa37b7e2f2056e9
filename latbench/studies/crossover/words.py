"""The answer in plain sentences, one for each comparison, computed from its rows."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from latbench.stats.crossover import BASELINE, CANDIDATE, CROSSING, TIE
from latbench.studies.crossover.answer import COMPARISONS, UNMEASURED

Rows = Sequence[Mapping[str, Any]]

SUBJECTS = {
    "literal_fft": "The FFT as written (the DFT operator)",
    "lowered_fft": "The FFT lowered to real operators",
    "best_exact": "The best exact lowering",
}


EAGER = {"literal_fft": "The FFT as written (torch.fft, eager)"}
"""The subjects that another word is for where the module itself ran, eagerly or compiled."""


def sentences(crossovers: Rows) -> list[str]:
    """Return a sentence per comparison: where it overtakes the spatial form, by runtime, axis and context.

    What ran as the module it is has sentences of its own.
    """
    return [
        f"{words.get(one.name, SUBJECTS[one.name])} against the spatial form: {'; '.join(_clauses(rows))}."
        for one in COMPARISONS
        for source, words in (("onnx", SUBJECTS), ("module", EAGER))
        if (rows := [row for row in crossovers if (row["comparison"], row["source"]) == (one.name, source)])
    ]


def _clauses(rows: Rows) -> Iterable[str]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    several = len({row["threads"] for row in rows}) > 1
    for row in rows:
        threads = f" on {row['threads']} thread{'s' * (row['threads'] != 1)}" if several else ""
        grouped.setdefault(f"{_where(row)}{threads}", []).append(row)
    for where, group in grouped.items():
        yield f"{where}, {', '.join(_said(group))}"


def _where(row: Mapping[str, Any]) -> str:
    """Return a setting without its channels and threads: "onnxruntime along H"."""
    subject = row["model"] or f"along {str(row['axis']).upper()}{', dense' if row['dense'] else ''}"
    inside = " between 1x1 convolutions" if row["context"] == "network" else ""
    device = "" if row["device"] == "cpu" else f" on {row['device']}"
    timed = " by device latency" if row["basis"] == "device" else ""
    return f"{row['runtime']}{device} {subject}{inside}{timed}"


def _said(rows: Rows) -> Iterable[str]:
    """Yield a phrase for each kind of outcome, with its channel counts where there are others."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        kinds.setdefault(row["kind"], []).append(row)
    for kind, alike in kinds.items():
        which = "" if len(kinds) == 1 else _channels(alike)
        yield f"{_PHRASES[kind](alike)}{which}"


def _channels(rows: Rows) -> str:
    found = [str(row["channels"]) for row in rows if row["channels"] is not None]
    return f" ({', '.join(found)} channels)" if found else ""


def _crossing(rows: Rows) -> str:
    estimates = [row["estimate"] for row in rows if row["estimate"] is not None]
    if len(rows) == 1:
        return f"overtakes at {rows[0]['interval']}, then {_ratio(rows, 'largest')}"
    if not estimates:
        return f"overtakes at {' or '.join(dict.fromkeys(row['interval'] for row in rows))}"
    return f"overtakes at {_span(estimates)}, then {_ratio(rows, 'largest')}"


def _ratio(rows: Rows, end: str) -> str:
    sizes = sorted({row[end] for row in rows})
    return f"{_span([row[f'ratio_{end}'] for row in rows])}x as fast at {_span(sizes)}"


def _span(values: Sequence[float]) -> str:
    low, high = (f"{value:.3g}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _throughout(rows: Rows) -> str:
    sure = "" if all(row["settled"] for row in rows) else ", if not beyond doubt at every size"
    return f"ahead from the smallest size on{sure} ({_ratio(rows, 'smallest')}, {_ratio(rows, 'largest')})"


def _never(rows: Rows) -> str:
    sure = "" if all(row["settled"] for row in rows) else ", if not beyond doubt at every size"
    return f"no crossover, behind throughout{sure} ({_ratio(rows, 'smallest')}, {_ratio(rows, 'largest')})"


def _tie(rows: Rows) -> str:
    return f"not to be told apart over the range ({_ratio(rows, 'smallest')}, {_ratio(rows, 'largest')})"


LONGEST = 90
"""Characters of a runtime's own words that a sentence holds; the row has them all."""


def _unmeasured(rows: Rows) -> str:
    told = dict.fromkeys(why for row in rows for why in [str(row["left_out"] or "")] if why)
    first = next(iter(told), "no launch finished")
    why = first.partition(";")[0].partition(": ")[2] or first
    return f"not measured ({textwrap.shorten(why, LONGEST, placeholder=' ...')})"


_PHRASES = {
    CROSSING: _crossing,
    CANDIDATE: _throughout,
    BASELINE: _never,
    TIE: _tie,
    UNMEASURED: _unmeasured,
}
