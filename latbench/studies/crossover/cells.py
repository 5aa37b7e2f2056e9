"""The cells of a run by what they vary in: setting, size and lowering, with their launches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from exporters.errors import InputError
from exporters.lowerings import lowerings
from exporters.lowerings.base import LITERAL
from exporters.lowerings.name import AUTO, FFT, parse
from latbench.errors import BadInput
from latbench.records import CellPlan, LaunchRecord, Records, RunRecord
from latbench.records.flags.base import Evidence
from latbench.records.row import ended
from latbench.zoo.parcs import ParcSpec, is_parc, parc_spec

OVERHEAD = "call_overhead_ns"
"""The witness: the median of an empty graph, timed in the same turns as the cell."""


@dataclass(frozen=True)
class Setting:
    """What a curve holds fixed: latency is a function of the size alone within one.

    `axis`, `channels` and `dense` are None for a whole network, whose `context` is "model"; `model` is None
    for an operator. `eager` is whether the module itself runs, not a graph exported from it.
    """

    runtime: str
    model: str | None
    axis: str | None
    channels: int | None
    dense: bool | None
    context: str
    threads: int
    device: str = "cpu"
    eager: bool = False


@dataclass(frozen=True)
class Taken:
    """One launch: its samples in ns, and what an empty call took in the same process; None where not told.

    With `on_device` the samples are latencies on the device, by its own clock and without copies and calls,
    and `host` are those the caller saw, in ns; else the caller's are the samples.
    """

    samples: NDArray[np.int64]
    overhead: float | None
    on_device: bool = False
    host: NDArray[np.int64] | None = None

    @property
    def raw(self) -> float:
        """The median in ns."""
        return float(np.median(self.samples))


@dataclass(frozen=True)
class Cell:
    """One lowering of one size in one setting, with its launches by number; none for one not measured."""

    setting: Setting
    size: int
    lowering: str
    status: str
    reason: str | None
    launches: Mapping[int, Taken] = field(default_factory=dict)
    sha256: str | None = None
    machine: str | None = None

    @property
    def family(self) -> str:
        """The family of the lowering; "auto" for a choice left to the table."""
        return family_of(self.lowering, eager=self.setting.eager)[0]

    @property
    def exact(self) -> bool:
        """Whether the lowering keeps to float64 within rounding."""
        return family_of(self.lowering, eager=self.setting.eager)[1]


@cache
def family_of(lowering: str, *, eager: bool = False) -> tuple[str, bool]:
    """Return the family of the lowering that `lowering` names and whether it is exact.

    In a module that runs as it is "fft" is torch.fft (on CUDA cuFFT), the transform as the author wrote it:
    literal. Exported it is what the table of lowerings says: products of real matrices.
    """
    if lowering == AUTO:
        return AUTO, True
    if lowering == FFT and eager:
        return LITERAL, True
    entry = lowerings()[parse(lowering).lowering]
    return entry.family, entry.exact


def run_of(records: Records, run_id: str | None) -> RunRecord | None:
    """Return the run with this id, the latest run for None; None without one."""
    found = [run for run in records.runs if run_id in (None, run.run_id)]
    return found[-1] if found else None


def measured(records: Records, run_id: str | None = None) -> tuple[Cell, ...]:
    """Return the cells of the run with this id, of the latest run for None; none without one."""
    run = run_of(records, run_id)
    return () if run is None else cells_of(records, run)


def together(parts: Mapping[str, Sequence[Cell]]) -> tuple[Cell, ...]:
    """Return the cells of several crossovers, `parts` by name; BadInput where two have the same one."""
    owners: dict[tuple[Setting, int, str], str] = {}
    for name, cells in parts.items():
        for cell in cells:
            other = owners.setdefault((cell.setting, cell.size, cell.lowering), name)
            if other != name:
                place = f"{cell.lowering} of size {cell.size} on {cell.setting.runtime}"
                raise BadInput(f"{other} and {name} both hold {place}; name one of them.")
    return tuple(cell for cells in parts.values() for cell in cells)


def cells_of(records: Records, run: RunRecord) -> tuple[Cell, ...]:
    """Return the cells of `run` in the order planned; those of other subjects than ParC's are passed over.

    Samples are the latencies on the device where every launch of a runtime has them, else the caller's.
    """
    taken = records.ok_launches()
    timed = _timed_on_device(run, taken)
    ends = {cell.cell_id: cell for cell in records.cells if cell.run_id == run.run_id}
    found = []
    for plan in run.cells:
        place = setting_of(plan)
        lowering = _form(plan)
        if place is None or lowering is None:
            continue
        launches = taken.get((run.run_id, plan.cell_id), ())
        evidence = Evidence(run, plan, tuple(launch.result for launch in launches))
        end = ended(evidence, ends.get(plan.cell_id))
        found.append(
            Cell(
                *place,
                lowering,
                end["status"],
                end["reason"],
                dict(_taken(launches, on_device=plan.runtime in timed)),
                plan.artifact_sha256,
                _processor(run, plan),
            )
        )
    return tuple(found)


def _processor(run: RunRecord, plan: CellPlan) -> str | None:
    """Return the name of what computed: the GPU, or the CPU."""
    if plan.device == "cpu":
        return run.machine.get("cpu_model")
    return (run.machine.get("gpu") or {}).get("name")


def setting_of(plan: CellPlan) -> tuple[Setting, int] | None:
    """Return the setting and the size of a planned cell; None where it has neither."""
    if is_parc(plan.model):
        setting, size = operator_setting(parc_spec(plan.model), plan.runtime, plan.threads)
    elif plan.resolution is None:
        return None
    else:
        setting = Setting(plan.runtime, plan.model, None, None, None, "model", plan.threads)
        size = plan.resolution
    eager = plan.source.get("kind") == "module"
    return replace(setting, device=plan.device, eager=eager), size


def operator_setting(
    spec: ParcSpec, runtime: str, threads: int, device: str = "cpu", *, eager: bool = False
) -> tuple[Setting, int]:
    """Return the setting and the size, the length of the axis, of a single operator."""
    form = (spec.axis, spec.channels, spec.dense, spec.context)
    return Setting(runtime, None, *form, threads, device, eager), spec.length


def _form(plan: CellPlan) -> str | None:
    """Return the value of the form `parc`, None for a cell that has no such form or no such lowering."""
    forms = dict(part.split("=", 1) for part in (plan.lowering or "").split(";") if "=" in part)
    text = forms.get("parc")
    if text in (None, AUTO):
        return text
    try:
        parse(text)
    except InputError:
        return None
    return text


def _timed_on_device(
    run: RunRecord, taken: Mapping[tuple[str, str], Sequence[LaunchRecord]]
) -> frozenset[str]:
    """Return the runtimes of which every launch of `run` has latencies on the device."""
    told: dict[str, bool] = {}
    for plan in run.cells:
        for launch in taken.get((run.run_id, plan.cell_id), ()):
            told[plan.runtime] = told.get(plan.runtime, True) and bool(launch.result.device_ns)
    return frozenset(runtime for runtime, every in told.items() if every)


def _taken(launches: Iterable[LaunchRecord], *, on_device: bool) -> Iterable[tuple[int, Taken]]:
    for launch in launches:
        host = np.asarray(launch.result.samples_ns)
        if not len(host):
            continue
        if on_device:
            yield launch.index, Taken(np.asarray(launch.result.device_ns), None, on_device=True, host=host)
        else:
            yield launch.index, Taken(host, launch.result.witnesses.get(OVERHEAD))
