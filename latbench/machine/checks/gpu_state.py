"""What about the GPU's state changes latency: clocks, heat, persistence, slices, other work."""

from collections.abc import Callable

from latbench.machine.checks.base import Check, Context, Finding
from latbench.machine.gpu import throttling
from latbench.machine.gpuseen import Seen

_MARGIN_C = 5


def _of(answer: Callable[[Seen], Finding | None]) -> Callable[[Context], Finding | None]:
    """Return a check that has nothing to say where NVML shows no GPU."""

    def check(context: Context) -> Finding | None:
        seen = context.gpu
        return None if seen is None or seen.why is not None else answer(seen)

    return check


def _persistence(seen: Seen) -> Finding | None:
    mode = seen.facts["persistence"]
    if mode is None:
        return None
    if mode:
        return Finding("ok", "persistence mode on")
    return Finding(
        "warning",
        "persistence mode off",
        "the driver unloads when nobody uses the card: set clocks and limits are lost, launches begin late",
        "sudo nvidia-smi -pm 1, or the service nvidia-persistenced",
    )


def _clocks(seen: Seen) -> Finding | None:
    facts, most = seen.facts, seen.facts["sm_mhz_most"]
    if most is None:
        return None
    asked, usual = facts["application_mhz"], facts["application_default_mhz"]
    parts = (
        f"up to {most} MHz",
        None if seen.reading.sm_mhz is None else f"now {seen.reading.sm_mhz} MHz",
        None if asked is None else f"application clock {asked} MHz",
        _power(facts["power_limit_w"], facts["power_default_w"]),
    )
    value = ", ".join(part for part in parts if part)
    chosen = asked is not None and usual is not None and asked != usual
    if chosen or "application_clocks" in (seen.reading.reasons or ()):
        return Finding("ok", f"{value}; set by somebody")
    return Finding(
        "note",
        f"{value}; not known to be locked (NVML does not tell nvidia-smi -lgc of an idle card)",
        "the clock follows load, power and heat: short models are timed on a clock that still rises",
        f"for figures that repeat, sudo nvidia-smi -lgc {most},{most} or a clock that the card holds; "
        "leave it if deployment does",
    )


def _power(limit: float | None, usual: float | None) -> str | None:
    if limit is None:
        return None
    return f"{limit:.0f} W allowed" + ("" if usual in (None, limit) else f" (usually {usual:.0f} W)")


def _heat(seen: Seen) -> Finding | None:
    degrees, limit = seen.reading.temperature_c, seen.facts["slowdown_c"]
    slowed = throttling(seen.reading.reasons)
    if degrees is None and slowed is None:
        return None
    value = (
        ", ".join(
            part
            for part in (
                None if degrees is None else f"{degrees} °C",
                None if limit is None else f"slows down at {limit} °C",
                f"held down now by {'+'.join(slowed)}" if slowed else None,
            )
            if part
        )
        or "nothing holds it down"
    )
    hot = degrees is not None and limit is not None and degrees >= limit - _MARGIN_C
    if not slowed and not hot:
        return Finding("ok", value)
    effect = "the card runs below its clock: latency is not what it is on a cool card with power to spare"
    return Finding(
        "warning", value, effect, "let it cool, end other work, raise the power limit (nvidia-smi -pl)"
    )


def _mig(seen: Seen) -> Finding | None:
    if not seen.slice and not seen.facts["mig"]:
        return None
    return Finding(
        "note",
        "MIG divides the card",
        "a slice has part of the units and of the memory; its clocks, heat and throttling cannot be read",
        "compare only with rows of the same slice; sudo nvidia-smi -mig 0 for the whole card",
    )


def _processes(seen: Seen) -> Finding | None:
    running = seen.reading.processes
    if running is None:
        return None
    if not running:
        return Finding("ok", "no other compute process is shown")
    told = (
        f"{seen.names.get(pid) or 'process'} ({pid}{'' if used is None else f', {used / 2**20:.0f} MiB'})"
        for pid, used in running
    )
    effect = "other work takes units, memory bandwidth and power while the model is timed"
    return Finding(
        "warning", ", ".join(told), effect, "end it, or choose another card with CUDA_VISIBLE_DEVICES"
    )


CHECK = (
    Check("gpu_persistence", "GPU persistence", _of(_persistence)),
    Check("gpu_clocks", "GPU clocks", _of(_clocks)),
    Check("gpu_heat", "GPU heat and limits", _of(_heat)),
    Check("gpu_mig", "GPU slices (MIG)", _of(_mig)),
    Check("gpu_processes", "other work on the GPU", _of(_processes)),
)
