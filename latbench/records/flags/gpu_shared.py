"""Others were on the GPU beside the launch."""

from latbench.records.flags.base import Evidence, Flag

_LEAST_MIB = 1024.0
"""An idle card holds less; contexts of processes that another container hides show as memory alone."""


def _fired(evidence: Evidence) -> str | None:
    processes = max(evidence.witnessed("gpu_other_processes"), default=0.0)
    if processes:
        return f"{processes:.0f}"
    used = max(evidence.witnessed("gpu_other_memory_mib"), default=0.0)
    return f"{used:.0f}MiB" if used >= _LEAST_MIB else None


FLAG = Flag(
    "gpu_shared",
    "Other compute processes on the GPU just before or after a launch, the most seen; where none is shown, "
    "the memory in use before a launch, from 1024 MiB on.",
    _fired,
    "End the other work (nvidia-smi shows it), or choose another card with CUDA_VISIBLE_DEVICES.",
)
