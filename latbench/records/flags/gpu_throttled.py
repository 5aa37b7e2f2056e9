"""Power, heat or the board's limits kept the GPU slower than it could be."""

from latbench.records.flags.base import Evidence, Flag


def _fired(evidence: Evidence) -> str | None:
    told = [str(one.witnesses.get("gpu_throttle") or "none") for one in evidence.launches]
    reasons = dict.fromkeys(name for one in told if one != "none" for name in one.split("+"))
    spent = sum(evidence.witnessed("gpu_throttled_ms"))
    if not reasons and not spent > 0:
        return None
    return ",".join([*([f"{spent:.3g}ms"] if spent > 0 else []), *(["+".join(reasons)] if reasons else [])])


FLAG = Flag(
    "gpu_throttled",
    "Time for which power, heat or the board slowed the GPU, summed over reasons and launches (loading "
    "included), and the reasons seen just before or after a launch.",
    _fired,
    "Cool the card, raise its power limit (nvidia-smi -pl), or lock a clock it can hold (nvidia-smi -lgc).",
)
