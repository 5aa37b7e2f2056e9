"""The cells of a run by what they vary in: setting, size and lowering, with their launches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from exporters.errors import InputError
from exporters.lowerings import lowerings
from exporters.lowerings.base import LITERAL
from exporters.lowerings.name import AUTO, FFT, parse
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
    for an operator.
    """

    runtime: str
    model: str | None
    axis: str | None
    channels: int | None
    dense: bool | None
    context: str
    threads: int


@dataclass(frozen=True)
class Taken:
    """One launch: its samples in ns, and what an empty call took in the same process; None where not told."""

    samples: NDArray[np.int64]
    overhead: float | None

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
        return family_of(self.lowering, self.setting.runtime)[0]

    @property
    def exact(self) -> bool:
        """Whether the lowering keeps to float64 within rounding."""
        return family_of(self.lowering, self.setting.runtime)[1]


@cache
def family_of(lowering: str, runtime: str) -> tuple[str, bool]:
    """Return the family of the lowering that `lowering` names and whether it is exact.

    In PyTorch itself "fft" is torch.fft, the transform as the author wrote it: literal. Exported it is what
    the table of lowerings says: products of real matrices.
    """
    if lowering == AUTO:
        return AUTO, True
    if lowering == FFT and runtime == "pytorch":
        return LITERAL, True
    entry = lowerings()[parse(lowering).lowering]
    return entry.family, entry.exact


def run_of(records: Records, run_id: str | None) -> RunRecord | None:
    """Return the run with this id, the latest run for None; None without one."""
    found = [run for run in records.runs if run_id in (None, run.run_id)]
    return found[-1] if found else None


def cells_of(records: Records, run: RunRecord) -> tuple[Cell, ...]:
    """Return the cells of `run` in the order planned; those of other subjects than ParC's are passed over."""
    taken = records.ok_launches()
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
                dict(_taken(launches)),
                plan.artifact_sha256,
                run.machine.get("cpu_model"),
            )
        )
    return tuple(found)


def setting_of(plan: CellPlan) -> tuple[Setting, int] | None:
    """Return the setting and the size of a planned cell; None where it has neither."""
    if is_parc(plan.model):
        spec = parc_spec(plan.model)
        return operator_setting(spec, plan.runtime, plan.threads)
    if plan.resolution is None:
        return None
    return Setting(plan.runtime, plan.model, None, None, None, "model", plan.threads), plan.resolution


def operator_setting(spec: ParcSpec, runtime: str, threads: int) -> tuple[Setting, int]:
    """Return the setting and the size, the length of the axis, of a single operator."""
    setting = Setting(runtime, None, spec.axis, spec.channels, spec.dense, spec.context, threads)
    return setting, spec.length


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


def _taken(launches: Iterable[LaunchRecord]) -> Iterable[tuple[int, Taken]]:
    for launch in launches:
        if launch.result.samples_ns:
            overhead = launch.result.witnesses.get(OVERHEAD)
            yield launch.index, Taken(np.asarray(launch.result.samples_ns), overhead)
