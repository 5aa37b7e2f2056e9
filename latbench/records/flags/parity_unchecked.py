"""The outputs were not compared with a reference."""

from latbench.records.flags.base import Evidence, Flag, share


def _fired(evidence: Evidence) -> str | None:
    return share(sum(launch.parity is None for launch in evidence.launches), len(evidence.launches))


FLAG = Flag(
    "parity_unchecked",
    "Launches without a comparison of outputs / launches.",
    _fired,
    "Time the module itself (package.module:factory) instead of its file: its export is checked.",
)
