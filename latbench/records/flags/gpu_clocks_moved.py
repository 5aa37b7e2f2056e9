"""The GPU's clock was not the same at the end of all launches."""

from latbench.records.flags.base import Evidence, Flag

_LEAST = 0.05


def _fired(evidence: Evidence) -> str | None:
    clocks = [
        float(one.witnesses["gpu_sm_mhz_after"])
        for one in evidence.launches
        if one.witnesses.get("gpu_sm_mhz_after") and not _idle(one.witnesses.get("gpu_clock_reasons_after"))
    ]
    if not clocks or max(clocks) / min(clocks) - 1 < _LEAST:
        return None
    return f"{min(clocks):.0f}..{max(clocks):.0f}MHz"


def _idle(reasons: object) -> bool:
    """Tell whether the card had no work any more, or may have had none: then its clock falls."""
    return reasons is None or "gpu_idle" in str(reasons).split("+")


FLAG = Flag(
    "gpu_clocks_moved",
    "Lowest..highest SM clock of the GPU right after a launch, from 5 % apart on; readings of a card that "
    "already idles are left out.",
    _fired,
    "Lock the clock (sudo nvidia-smi -lgc MHZ,MHZ) at one that the card holds under this load.",
)
