"""The model ran on another device than asked for, as when a provider falls back to the CPU."""

from latbench.records.flags.base import Evidence, Flag, differs


def _fired(evidence: Evidence) -> str | None:
    asked = evidence.plan.device
    told = (str(device) for device in evidence.actual("device"))
    if ":" not in asked:
        told = (device.partition(":")[0] for device in told)
    return differs(asked, tuple(told))


FLAG = Flag(
    "provider_differs",
    "Device asked for -> device that ran.",
    _fired,
    "Install the build of the runtime for that device; `latbench doctor` lists what is installed.",
)
