"""How long a run will take: from earlier launches of the same cells, else from MACs and a matrix product."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from latbench.pipeline.survey import Survey
from latbench.records import CellPlan, Records, RunRecord

EFFICIENCY = 0.5
"""What a network is taken to reach of a matrix product's speed: a guess, within a factor of three or so."""

EXPORT_S = 15.0
"""Seconds that an export is taken to last."""

EARLIER, MATRIX = "earlier launches of the same cells", "MACs and a matrix product timed just now"

_SAME = (
    *("model", "runtime", "device", "precision", "threads", "batch", "input_shape", "target", "lowering"),
    "knobs",
)
_SAME_MACHINE = ("cpu_model", "usable_cpus")

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Cost:
    """Seconds of a launch around its inferences, seconds of one inference, and how they are known."""

    overhead_s: float
    inference_s: float
    basis: str

    def launch_s(self, inferences: int) -> float:
        """Return the seconds of a launch of that many inferences, warm-up included."""
        return self.overhead_s + inferences * self.inference_s


def key_of(cell: CellPlan) -> Key:
    """Return what makes an earlier launch tell something about `cell`, whatever the artifact's hash."""
    return tuple(getattr(cell, name) for name in _SAME)


def earlier(records: Records, machine: Mapping[str, Any]) -> dict[Key, Cost]:
    """Return the costs seen in `records` on the same kind of machine, the latest run counting."""
    found: dict[Key, Cost] = {}
    launches = records.ok_launches()
    for run in records.runs:
        if any(run.machine.get(name) != machine.get(name) for name in _SAME_MACHINE):
            continue
        if _gpu_of(run.machine) != _gpu_of(machine):
            continue
        for cell in run.cells:
            results = [launch.result for launch in launches.get((run.run_id, cell.cell_id), ())]
            told = [one for one in results if one.wall_ns and one.samples_ns]
            if told:
                spent = ((one.wall_ns or 0) - sum(one.samples_ns) - sum(one.warmup_ns) for one in told)
                overhead = max(0, median(spent)) / 1e9
                inference = median(median(one.samples_ns) for one in told) / 1e9
                found[key_of(cell)] = Cost(overhead, inference, EARLIER)
    return found


def _gpu_of(machine: Mapping[str, Any]) -> Any:
    """Return the name of the GPU of a run on one, None of a run on the CPU."""
    return (machine.get("gpu") or {}).get("name")


def from_macs(
    macs: float | None, runtime: str, threads: int, survey: Survey, device: str = "cpu"
) -> Cost | None:
    """Return the cost guessed from MACs (None without); `threads` are those that have a CPU.

    None also on another device: the matrix product is the CPU's.
    """
    if macs is None or device != "cpu":
        return None
    start = survey.start_s + survey.import_s.get(runtime, 0.0)
    return Cost(start, macs / (survey.macs_per_s * threads * EFFICIENCY), MATRIX)


@dataclass
class Forecast:
    """Time left: the `costs` expected by cell, corrected by the seconds of the launches seen meanwhile.

    A launch is `inferences` and `timed_s` seconds of further ones.
    """

    costs: Mapping[str, Cost | None]
    inferences: int
    timed_s: float = 0.0
    _seen: dict[str, list[float]] = field(default_factory=dict)

    def observe(self, cell_id: str, seconds: float) -> None:
        """Take note of a launch that took `seconds`."""
        self._seen.setdefault(cell_id, []).append(seconds)

    def launch_s(self, cell_id: str) -> float | None:
        """Return the seconds the next launch of a cell will take, None while nothing tells."""
        if cell_id in self._seen:
            return median(self._seen[cell_id])
        expected = self._expected(cell_id)
        return None if expected is None else expected * self._correction()

    def remaining_s(self, left: Iterable[str]) -> float | None:
        """Return the seconds for the launches of the cells in `left` (one entry each), None while untold."""
        each = [self.launch_s(cell_id) for cell_id in left]
        known = [seconds for seconds in each if seconds is not None]
        return sum(known) if len(known) == len(each) else None

    def _expected(self, cell_id: str) -> float | None:
        cost = self.costs.get(cell_id)
        return None if cost is None else cost.launch_s(self.inferences) + self.timed_s

    def _correction(self) -> float:
        """Return how much longer launches took than expected, over the cells seen."""
        pairs = [(median(seen), self._expected(cell_id)) for cell_id, seen in self._seen.items()]
        known = [(took, expected) for took, expected in pairs if expected]
        return sum(took for took, _ in known) / sum(expected for _, expected in known) if known else 1.0


def inferences_of(run: RunRecord) -> int:
    """Return the inferences of one launch, warm-up included; of an adaptive run only those."""
    return run.warmup + (run.iterations or 0) // run.launches
