"""What a row on a GPU ran: the card, its options, the engine and what it chose, the roofline; in words."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from latbench.records import LaunchRecord, Row
from latbench.reports.figures import alike, number

CPU = "cpu"


def gpu(row: Row, launches: Iterable[LaunchRecord] = ()) -> dict[str, str]:
    """Return what is known of the GPU side of `row`, by label; {} for a row of a CPU that has none of it.

    `launches` from the records add what a row has no room for: the precision of each layer, as the engine's
    inspector told it, and the compute capability.
    """
    extras = [extra for launch in launches if isinstance(extra := launch.result.facts.get("extra"), Mapping)]
    told = {
        "options": (row.get("runtime_options") or "").replace(";", ", "),
        "GPU": _card(row, extras),
        "copies": row.get("copies"),
        "CUDA graph": row.get("cuda_graph"),
        "engine": _engine(row),
        "layers": _layers(extras),
        "roofline": _roofline(row),
    }
    return {label: str(words) for label, words in told.items() if words}


def on_device(row: Row) -> str | None:
    """Return the latency by the device's own clock in words, None where the row has none."""
    median, low, high, least = (
        row.get(f"device_{name}_ms") for name in ("median", "ci95_low", "ci95_high", "min")
    )
    if median is None:
        return None
    if low is None or high is None:
        words = f"{number(median)} ms, without an interval"
    else:
        middle, lowest, highest = alike((median, low, high), high - low)
        words = f"{middle} ms; 95 % interval {lowest} to {highest} ms"
    fastest = "" if least is None else f"; least {number(least)} ms"
    host = row.get("latency_ms")
    share = "" if not host else f"; {number(100 * median / host)} % of the latency above"
    return f"{words}{fastest}{share}: the inference alone by events on the GPU, no copies, no wait"


def waits(row: Row) -> str | None:
    """Return what the latency of the caller holds on a GPU, None for a row of a CPU."""
    if row.get("device") in (None, CPU) or row.get("latency_ms") is None:
        return None
    copies = row.get("copies")
    held = "what is copied is not known" if copies is None else f"copies: {copies}"
    return f"as the caller waits for it, nothing overlapped; {held}"


def _card(row: Row, extras: Iterable[Mapping[str, Any]]) -> str:
    capability = _common(extra.get("compute_capability") for extra in extras)
    parts = (
        row.get("gpu"),
        None if row.get("gpu_driver") is None else f"driver {row['gpu_driver']}",
        None if capability is None else f"compute capability {capability}",
    )
    return ", ".join(str(part) for part in parts if part is not None)


def _engine(row: Row) -> str:
    size, took, cached = (row.get(f"engine_{name}") for name in ("bytes", "build_ms", "cached"))
    parts = []
    if size is not None:
        parts.append(f"{size / 1e6:.3g} MB")
    if cached is not None:
        parts.append("taken from the cache" if cached else "built in this run")
    if took is not None:
        parts.append(f"its build took {took / 1e3:.3g} s")
    return ", ".join(parts)


def _layers(extras: Iterable[Mapping[str, Any]]) -> str:
    """Return the layers by the precision that the builder chose, and in how many launches otherwise."""
    told = [layers for extra in extras if isinstance(layers := extra.get("layers"), Mapping) and layers]
    if not told:
        return ""
    ((text, often), *others) = Counter(_counted(layers) for layers in told).most_common()
    rest = "".join(f"; in {count} of {len(told)} launches {words}" for words, count in others)
    return f"{text} (engine inspector{f', {often} of {len(told)} launches' if others else ''}){rest}"


def _counted(layers: Mapping[str, Any]) -> str:
    ordered = sorted(layers.items(), key=lambda one: (-int(one[1]), one[0]))
    return ", ".join(f"{count} {precision}" for precision, count in ordered)


def _roofline(row: Row) -> str:
    least, percent = row.get("roofline_ms"), row.get("roofline_percent")
    copies, peak = row.get("gpu_copy_gb_s"), row.get("gpu_matrix_tflops")
    if least is None:
        return ""
    of = "" if percent is None else f", {number(percent)} % of the device latency"
    peaks = [
        f"copies {number(copies)} GB/s" if copies else "",
        f"products {number(peak)} TFLOP/s" if peak else "",
    ]
    measured = ", ".join(one for one in peaks if one)
    return f"{number(least)} ms at the least{of}" + (f" (measured here: {measured})" if measured else "")


def _common(values: Iterable[Any]) -> str | None:
    known = dict.fromkeys(str(value) for value in values if value is not None)
    return " or ".join(known) or None
