"""The clock of the CPUs changed while the model was timed."""

from latbench.records.flags.base import Evidence, Flag

_LEAST = 0.1


def _fired(evidence: Evidence) -> str | None:
    names = ("frequency_before_mhz", "frequency_after_mhz")
    pairs = [tuple(launch.witnesses.get(name) for name in names) for launch in evidence.launches]
    moved = [
        (abs(after / before - 1), f"{before:.0f}->{after:.0f}MHz")
        for before, after in pairs
        if before and after and abs(after / before - 1) >= _LEAST
    ]
    return max(moved)[1] if moved else None


FLAG = Flag(
    "frequency_moved",
    "Clock of the CPUs before -> after the launch in which it changed most, from 10 % on.",
    _fired,
    "Set the governor to performance, turn turbo off or lower its limit, and let the machine cool.",
)
