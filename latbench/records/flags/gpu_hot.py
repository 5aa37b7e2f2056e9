"""The GPU came near the temperature at which it slows itself down."""

from latbench.records.flags.base import Evidence, Flag

_MARGIN_C = 5.0


def _fired(evidence: Evidence) -> str | None:
    limit = (evidence.run.machine.get("gpu") or {}).get("slowdown_c")
    hottest = max(evidence.witnessed("gpu_temperature_c"), default=None)
    if limit is None or hottest is None or hottest < limit - _MARGIN_C:
        return None
    return f"{hottest:.0f}C/{limit:.0f}C"


FLAG = Flag(
    "gpu_hot",
    "Temperature of the GPU after the hottest launch / that at which it slows itself down, from 5 degrees "
    "below on.",
    _fired,
    "Let the card cool, or cool it better: later launches will be slower than the first.",
)
