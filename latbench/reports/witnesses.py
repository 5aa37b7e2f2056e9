"""What the launches of a row saw beside the model: one figure per launch and witness, None where unknown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from latbench.records import LaunchRecord
from latbench.reports.figures import number

Figures = Sequence[float | None]


@dataclass(frozen=True)
class Witness:
    """One thing looked at: its `name` in words, its unit, its `title` over a column, its figure for a launch.

    `counts` tells that 0 means nothing happened, and not that something was measured to be 0.
    """

    name: str
    unit: str
    title: str
    figure: Callable[[LaunchRecord], float | None]
    counts: bool = True

    @property
    def label(self) -> str:
        """The name with its unit."""
        return f"{self.name}, {self.unit}" if self.unit else self.name


@dataclass(frozen=True)
class Seen:
    """What launches saw: `figures` where there is something to show, else the names in `none` or `untold`."""

    figures: Mapping[Witness, Figures]
    none: tuple[str, ...]
    untold: tuple[str, ...]


def seen(launches: Iterable[LaunchRecord]) -> Seen:
    """Return what `launches` saw, in the order of `WITNESSES`; that of a GPU where one was looked at."""
    listed = tuple(launches)
    on_gpu = any(name.startswith("gpu_") for launch in listed for name in launch.result.witnesses)
    told = {
        witness: [witness.figure(launch) for launch in listed]
        for witness in (*WITNESSES, *(GPU_WITNESSES if on_gpu else ()))
    }
    known = {witness: figures for witness, figures in told.items() if any(one is not None for one in figures)}
    shown = {witness: figures for witness, figures in known.items() if any(figures) or not witness.counts}
    return Seen(
        shown,
        tuple(witness.name for witness in known if witness not in shown),
        tuple(witness.name for witness in told if witness not in known),
    )


def summary(figures: Figures) -> tuple[float, float, float]:
    """Return the lowest, the median and the highest of the known `figures` (at least one)."""
    known = [figure for figure in figures if figure is not None]
    return min(known), median(known), max(known)


def shown(figure: float | None) -> str:
    """Return a figure as text: whole numbers whole, others to three digits, a dash for the unknown."""
    return f"{figure:.0f}" if figure is not None and figure.is_integer() else number(figure)


def _plain(name: str) -> Callable[[LaunchRecord], float | None]:
    return lambda launch: _number(launch.result.witnesses.get(name))


def _per_inference(name: str) -> Callable[[LaunchRecord], float | None]:
    def figure(launch: LaunchRecord) -> float | None:
        count, timed = _number(launch.result.witnesses.get(name)), len(launch.result.samples_ns)
        return None if count is None or not timed else count / timed

    return figure


def _over(pick: Callable[[Iterable[float]], float], *names: str) -> Callable[[LaunchRecord], float | None]:
    """Return what picks one of the figures under `names`, each a number or one number per CPU."""

    def figure(launch: LaunchRecord) -> float | None:
        told = [launch.result.witnesses.get(name) for name in names]
        items = (item for one in told for item in (one if isinstance(one, list | tuple) else (one,)))
        known = [number for number in map(_number, items) if number is not None]
        return pick(known) if known else None

    return figure


def _thousandth(figure: Callable[[LaunchRecord], float | None]) -> Callable[[LaunchRecord], float | None]:
    def smaller(launch: LaunchRecord) -> float | None:
        value = figure(launch)
        return None if value is None else value / 1000

    return smaller


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


_COMPUTE = ("compute_before_ns", "compute_after_ns")
_HANDOFF = ("handoff_before_ns", "handoff_after_ns")
_PAUSING = ("handoff_pause_before_ns", "handoff_pause_after_ns")
_FREQUENCY = ("frequency_before_mhz", "frequency_after_mhz")

WITNESSES = (
    Witness("CPU time the hypervisor gave to others", "%", "stolen %", _plain("steal_percent")),
    Witness(
        "CPUs taken by other work", "times an inference", "taken", _per_inference("involuntary_switches")
    ),
    Witness("threads moved to another CPU", "times", "moved", _plain("migrations")),
    Witness("stopped by a CPU quota", "ms", "quota ms", _plain("throttled_ms")),
    Witness("slowed by heat", "times", "heat", _plain("thermal_throttles")),
    Witness("pages read from disk", "", "paged", _plain("major_faults")),
    Witness("load average before", "", "load avg", _plain("load_before"), counts=False),
    Witness("CPU frequency", "MHz", "MHz", _over(min, *_FREQUENCY), counts=False),
    Witness("reference product, fastest CPU", "us", "best us", _thousandth(_over(min, *_COMPUTE)), False),
    Witness("reference product, slowest CPU", "us", "worst us", _thousandth(_over(max, *_COMPUTE)), False),
    Witness("hand-off between two CPUs, before", "ns", "hand-off", _over(max, _HANDOFF[0]), counts=False),
    Witness("hand-off between two CPUs, after", "ns", "after", _over(max, _HANDOFF[1]), counts=False),
    Witness("the same with pauses, slower of both", "ns", "pausing", _over(max, *_PAUSING), counts=False),
    Witness(
        "denormals kept / flushed to zero", "", "denormal", _plain("flush_denormals_ratio"), counts=False
    ),
)
"""Everything that a launch looks at, from what takes time away to what the CPUs could do beside it."""

GPU_WITNESSES = (
    Witness("GPU slowed by power, heat or the board", "ms", "GPU slowed ms", _plain("gpu_throttled_ms")),
    Witness("other processes on the GPU", "", "GPU shared", _plain("gpu_other_processes")),
    Witness("GPU clock before", "MHz", "GPU MHz", _plain("gpu_sm_mhz_before"), counts=False),
    Witness("GPU clock after", "MHz", "after", _plain("gpu_sm_mhz_after"), counts=False),
    Witness("GPU memory clock after", "MHz", "memory MHz", _plain("gpu_memory_mhz_after"), counts=False),
    Witness("GPU temperature after", "degrees C", "GPU C", _plain("gpu_temperature_c"), counts=False),
    Witness("GPU power after", "W", "GPU W", _plain("gpu_power_w"), counts=False),
)
"""What is read of a GPU before and after a launch, never inside one."""
