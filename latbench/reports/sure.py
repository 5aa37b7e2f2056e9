"""How sure the latency of a row is: its interval, what that rests on, and what would narrow it, in words."""

from collections.abc import Sequence

from latbench.records import Row
from latbench.reports.figures import alike, number
from latbench.reports.gpu import on_device, waits
from latbench.reports.layout import beside
from latbench.reports.levels import best_sentence, levels, sentence
from latbench.reports.spark import BLOCKS, Scale

_UNKNOWN = "unknown"

_PROTOCOLS = {
    "launches": "after the number of launches fixed beforehand",
    "paper": "after one launch, as in the papers",
    "adaptive": "adaptive",
    "quick": "quick, a rough answer from few, short launches (measure without --quick to rely on it)",
}
_EXTENDED = "after the number of launches fixed beforehand, and those added to see more of its levels"
_ENDS = {
    "ok": "once the interval was within",
    "parity_failed": "once the interval was within",
    "not_converged": "before the interval was within",
}


def sure(row: Row, medians: Sequence[float] = (), marks: str = BLOCKS) -> tuple[str, ...]:
    """Return lines that tell how far to trust the latency of `row`.

    The row is enough, and what it does not tell is left out or reads "unknown". `medians` of its launches, in
    ms and in order, add a strip drawn with `marks`.
    """
    told = (
        ("latency", _latency(row)),
        ("", waits(row)),
        ("on the GPU", on_device(row)),
        ("rests on", _samples(row)),
        ("spread", _spread(row)),
        ("to ± 1 %", _needed(row)),
        ("stopped", _stopped(row)),
        ("levels", _levels(row)),
        ("at best", best_sentence(row)),
        ("launches", _strip(medians, marks)),
    )
    return tuple(line for label, words in told if words for line in beside(label, words))


def _latency(row: Row) -> str:
    latency, low, high = (
        row.get(name) for name in ("latency_ms", "latency_ci95_low_ms", "latency_ci95_high_ms")
    )
    if latency is None:
        return f"{_UNKNOWN}: no launch finished"
    if low is None or high is None:
        return (
            f"{number(latency)} ms, without an interval: one launch does not tell how far another is from it"
        )
    half = row.get("latency_ci95_half_percent")
    percent = "" if half is None else f", half of it {number(half, 2)} %"
    estimate, lowest, highest = alike((latency, low, high), high - low)
    return f"{estimate} ms, the median of launch medians; 95 % interval {lowest} to {highest} ms{percent}"


def _samples(row: Row) -> str | None:
    launches, iterations = row.get("launches"), row.get("iterations")
    if not launches or not iterations:
        return None
    each = f" of {iterations // launches} inferences" if iterations % launches == 0 else ""
    total = f" = {iterations}" if each else f", {iterations} inferences together"
    asked = row.get("launches_requested")
    most = row.get("precision_target_percent") is not None
    more = f" ({asked} launches were asked for)" if asked not in (None, launches) and not most else ""
    worth = row.get("effective_samples")
    alone = "" if worth is None else f"; as good as {worth:.0f} independent ones"
    return f"{_count(launches, 'launch', 'launches')}{each}{total}{more}{alone}"


def _spread(row: Row) -> str | None:
    between, within = (row.get(f"latency_{name}_launches_percent") for name in ("sd_between", "cv_within"))
    if within is None:
        return None
    inside = f"{number(within, 2)} % within a launch"
    if between is None:
        return f"{inside}; between launches {_UNKNOWN}"
    return f"{number(between, 2)} % between launches (it makes the interval), {inside}"


def _needed(row: Row) -> str | None:
    launches, iterations = row.get("launches_for_1_percent"), row.get("iterations_for_1_percent")
    if launches is None or row.get("latency_ms") is None:
        return None
    if (row.get("latency_ci95_half_percent") or 0) <= 1 and row.get("latency_ci95_low_ms") is not None:
        return "reached"
    of = "" if iterations is None else f", {iterations:.0f} inferences together"
    return f"about {_count(int(launches), 'launch', 'launches')} as long as these{of}"


def _stopped(row: Row) -> str | None:
    protocol, target = row.get("protocol"), row.get("precision_target_percent")
    if protocol not in _PROTOCOLS:
        return protocol
    words = _EXTENDED if protocol == "launches" and _extra(row) else _PROTOCOLS[protocol]
    if target is None:
        return words
    when = _ENDS.get(row["status"], "not known whether the interval came within")
    looks = row.get("looks")
    declared = (
        "" if looks is None else f"; it was looked at after {str(looks).replace('/', ', ')} launches only"
    )
    return f"{words}, {when} the ± {target:g} % asked for{declared}"


def _extra(row: Row) -> bool:
    """Tell whether there are more launches than asked for, as `--extend` makes them."""
    launches, asked = row.get("launches"), row.get("launches_requested")
    return launches is not None and asked is not None and launches > asked


def _levels(row: Row) -> str | None:
    found = levels(row)
    if len(found) > 1:
        return sentence(row)
    if row.get("latency_ms") is None:
        return None
    return "one" if found else _UNKNOWN


def _strip(medians: Sequence[float], marks: str) -> str | None:
    known = [value for value in medians if value > 0]
    if len(known) < 2:
        return None
    strip = Scale.over(known, marks).strip(known)
    return f"{strip} medians in the order launched, {number(min(known))} to {number(max(known))} ms"


def _count(number_: int, one: str, several: str) -> str:
    return f"{number_} {one if number_ == 1 else several}"
