"""CPU frequency: who decides it, within which limits, and where it stands now."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from latbench.machine.files import Tree

_CPUS = "sys/devices/system/cpu"


@dataclass(frozen=True)
class Frequency:
    """The frequency policy; several values of one setting are joined by commas, what is not told is None.

    `preference` is the energy preference that drivers with their own control follow; `turbo` tells whether
    the clock may exceed the nominal one.
    """

    driver: str | None
    governor: str | None
    preference: str | None
    turbo: bool | None
    least_mhz: float | None
    most_mhz: float | None


def frequency(tree: Tree) -> Frequency:
    """Return the frequency policy of all CPUs, from sysfs."""
    folders = _policies(tree)
    least = _numbers(tree, folders, "cpuinfo_min_freq")
    most = _numbers(tree, folders, "cpuinfo_max_freq")
    return Frequency(
        _joined(tree, folders, "scaling_driver"),
        _joined(tree, folders, "scaling_governor"),
        _joined(tree, folders, "energy_performance_preference"),
        _turbo(tree, folders),
        min(least) / 1000 if least else None,
        max(most) / 1000 if most else None,
    )


def current_mhz(tree: Tree, cpus: Iterable[int]) -> float | None:
    """Return the mean of the frequencies that `cpus` run at now in MHz, None where the kernel does not tell.

    The figure of /proc/cpuinfo is no substitute: in a virtual machine it is a constant.
    """
    told = _numbers(tree, [f"{_CPUS}/cpu{cpu}/cpufreq" for cpu in cpus], "scaling_cur_freq")
    return fmean(told) / 1000 if told else None


def _policies(tree: Tree) -> list[str]:
    policies = [name for name in tree.names(f"{_CPUS}/cpufreq") if name.startswith("policy")]
    if policies:
        return [f"{_CPUS}/cpufreq/{name}" for name in policies]
    cpus = [name for name in tree.names(_CPUS) if name.startswith("cpu") and name[3:].isdecimal()]
    return [f"{_CPUS}/{name}/cpufreq" for name in cpus]


def _turbo(tree: Tree, folders: list[str]) -> bool | None:
    no_turbo = tree.number(f"{_CPUS}/intel_pstate/no_turbo")
    if no_turbo is not None:
        return no_turbo == 0
    boost = tree.number(f"{_CPUS}/cpufreq/boost")
    told = [boost] if boost is not None else _numbers(tree, folders, "boost")
    return any(told) if told else None


def _joined(tree: Tree, folders: list[str], name: str) -> str | None:
    told = (tree.text(f"{folder}/{name}") for folder in folders)
    return ",".join(sorted({value for value in told if value})) or None


def _numbers(tree: Tree, folders: list[str], name: str) -> list[int]:
    told = (tree.number(f"{folder}/{name}") for folder in folders)
    return [value for value in told if value is not None]
