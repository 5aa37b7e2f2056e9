"""Most of the time goes by outside the GPU's own work: copies, launching kernels, waiting."""

from statistics import median

from latbench.records.flags.base import Evidence, Flag

_LEAST = 0.5


def _fired(evidence: Evidence) -> str | None:
    pairs = [(one.samples_ns, one.device_ns) for one in evidence.launches if one.device_ns and one.samples_ns]
    if not pairs:
        return None
    host = median(median(samples) for samples, _ in pairs)
    outside = 1 - median(median(device) for _, device in pairs) / host
    return f"{100 * outside:.0f}%" if outside >= _LEAST else None


FLAG = Flag(
    "gpu_outside",
    "Share of the host latency that is not the GPU's inference (device_median_ms): copies of inputs and "
    "outputs, launching kernels, waiting; from 50 % on.",
    _fired,
    "Read device_median_ms for the network alone; a larger batch, or a CUDA graph, makes the share smaller.",
)
