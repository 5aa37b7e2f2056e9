"""The driver may unload between launches."""

from latbench.records.flags.base import Evidence, Flag


def _fired(evidence: Evidence) -> str | None:
    mode = (evidence.run.machine.get("gpu") or {}).get("persistence")
    return "off" if evidence.plan.device.startswith("cuda") and mode is False else None


FLAG = Flag(
    "gpu_persistence_off",
    "Persistence mode of the GPU: without it the driver unloads when nobody uses the card, and locked clocks "
    "and power limits are lost.",
    _fired,
    "sudo nvidia-smi -pm 1, or the service nvidia-persistenced.",
)
