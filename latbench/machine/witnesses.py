"""Counters of the operating system over the timed region: what disturbed it, told apart from the model.

`snapshot` is called once before and once after the region, never inside it: it costs about half a
millisecond. `difference` turns the two into plain figures.
"""

import resource
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from latbench.machine.cgroups import Throttling, throttling
from latbench.machine.cpus import allowed_cpus
from latbench.machine.files import Tree, pairs, whole
from latbench.machine.frequency import current_mhz
from latbench.machine.host import load_average

_SAMPLED_CPUS = 8
"""Frequencies and throttle counts are read of this many CPUs at most: some kernels interrupt each for it."""

_STEAL = 7
_JIFFIES = 8
"""In a line of /proc/stat the eighth figure is stolen time; those after it are contained in earlier ones."""


@dataclass(frozen=True)
class Snapshot:
    """The counters at one moment; None is not told. Times in nanoseconds, jiffies are kernel ticks."""

    time_ns: int
    cpu_ns: int
    voluntary_switches: int
    involuntary_switches: int
    minor_faults: int
    major_faults: int
    migrations: dict[str, int] | None
    steal: int | None
    jiffies: int | None
    throttling: Throttling | None
    thermal_throttles: int | None
    frequency_mhz: float | None
    load: float | None


def snapshot(root: str | Path = "/") -> Snapshot:
    """Return the counters of this process (all its threads) and of the CPUs it may use, as they stand now."""
    tree = Tree(Path(root))
    cpus = allowed_cpus(tree)
    steal, jiffies = _stolen(tree, cpus)
    load = load_average(tree)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Snapshot(
        time_ns=time.monotonic_ns(),
        cpu_ns=round((usage.ru_utime + usage.ru_stime) * 1e9),
        voluntary_switches=usage.ru_nvcsw,
        involuntary_switches=usage.ru_nivcsw,
        minor_faults=usage.ru_minflt,
        major_faults=usage.ru_majflt,
        migrations=_migrations(tree),
        steal=steal,
        jiffies=jiffies,
        throttling=throttling(tree),
        thermal_throttles=thermal_throttles(tree, cpus[:_SAMPLED_CPUS]),
        frequency_mhz=current_mhz(tree, cpus[:_SAMPLED_CPUS]),
        load=None if load is None else load[0],
    )


def difference(before: Snapshot, after: Snapshot) -> dict[str, int | float | None]:
    """Return what happened between two snapshots, by name, as JSON values; None is unknown.

    elapsed_ms, cpu_ms (CPU time of all threads), voluntary_switches, involuntary_switches, minor_faults,
    major_faults, migrations (threads moved to another CPU; those that have ended are not counted),
    steal_jiffies and steal_percent (time the hypervisor gave to others, of the time of our CPUs),
    throttled_periods and throttled_ms (stopped by a cgroup quota), thermal_throttles, then the levels
    frequency_before_mhz, frequency_after_mhz, load_before and load_after.
    """
    steal, jiffies = _minus(after.steal, before.steal), _minus(after.jiffies, before.jiffies)
    return {
        "elapsed_ms": (after.time_ns - before.time_ns) / 1e6,
        "cpu_ms": (after.cpu_ns - before.cpu_ns) / 1e6,
        "voluntary_switches": after.voluntary_switches - before.voluntary_switches,
        "involuntary_switches": after.involuntary_switches - before.involuntary_switches,
        "minor_faults": after.minor_faults - before.minor_faults,
        "major_faults": after.major_faults - before.major_faults,
        "migrations": _moved(before.migrations, after.migrations),
        "steal_jiffies": steal,
        "steal_percent": 100 * steal / jiffies if steal is not None and jiffies else None,
        **_throttled(before.throttling, after.throttling),
        "thermal_throttles": _minus(after.thermal_throttles, before.thermal_throttles),
        "frequency_before_mhz": before.frequency_mhz,
        "frequency_after_mhz": after.frequency_mhz,
        "load_before": before.load,
        "load_after": after.load,
    }


def stolen_since_boot(tree: Tree) -> float | None:
    """Return the percentage of all CPU time since boot that the hypervisor gave to others, or None."""
    steal, jiffies = _ticks(pairs(tree.text("proc/stat"), None).get("cpu", ""))
    return 100 * steal / jiffies if steal is not None and jiffies else None


def thermal_throttles(tree: Tree, cpus: Iterable[int]) -> int | None:
    """Return how often heat has slowed the cores of `cpus` and their packages since boot, summed, or None."""
    folders = (f"sys/devices/system/cpu/cpu{cpu}/thermal_throttle" for cpu in cpus)
    names = ("core_throttle_count", "package_throttle_count")
    told = (tree.number(f"{folder}/{name}") for folder in folders for name in names)
    counts = [count for count in told if count is not None]
    return sum(counts) if counts else None


def _stolen(tree: Tree, cpus: Iterable[int]) -> tuple[int | None, int | None]:
    lines = pairs(tree.text("proc/stat"), None)
    told = [_ticks(lines.get(f"cpu{cpu}", "")) for cpu in cpus]
    steal = [one for one, _ in told if one is not None]
    jiffies = [one for _, one in told if one is not None]
    return (sum(steal), sum(jiffies)) if steal else (None, None)


def _ticks(figures: str) -> tuple[int | None, int | None]:
    """Return the stolen and the total jiffies of a line of /proc/stat."""
    ticks = [whole(figure) for figure in figures.split()[:_JIFFIES]]
    known = [tick for tick in ticks if tick is not None]
    return (known[_STEAL], sum(known)) if len(known) == _JIFFIES else (None, None)


def _migrations(tree: Tree) -> dict[str, int] | None:
    """Return how often each thread has moved to another CPU, by thread; None where it is not told."""
    found = {}
    for thread in tree.names("proc/self/task"):
        text = tree.text(f"proc/self/task/{thread}/sched") or ""
        moves = whole(pairs(text).get("se.nr_migrations"))
        if moves is not None:
            found[thread] = moves
    return found or None


def _moved(before: dict[str, int] | None, after: dict[str, int] | None) -> int | None:
    if before is None or after is None:
        return None
    return sum(moves - before.get(thread, 0) for thread, moves in after.items())


def _throttled(before: Throttling | None, after: Throttling | None) -> dict[str, int | float | None]:
    if before is None or after is None:
        return {"throttled_periods": None, "throttled_ms": None}
    return {
        "throttled_periods": after.periods - before.periods,
        "throttled_ms": (after.microseconds - before.microseconds) / 1e3,
    }


def _minus(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before
