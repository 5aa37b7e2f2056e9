"""Repeat against broadcast: what EfficientMod's channel expansion costs, block by block.

The published blocks repeat the context r times along the channels before the product; ours views the values
as r groups and broadcasts. Ma et al. (arXiv:2403.19963, Fig. 2) report that replacing the repeat changed the
latency by -5.1 % on their GPU and +21.8 % on their CPU.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latbench.records import CellPlan, LaunchRecord, Records
from latbench.stats import launch_interval, ratio_interval
from latbench.studies.base import Answer, Study
from latbench.zoo.blocks import FORMS, BlockSpec, block_spec

BLOCKS = tuple(
    BlockSpec(channels, ratio, size).name
    for channels, ratio, size in (
        (32, 6, 56),
        (64, 6, 28),
        (144, 6, 14),
        (312, 6, 7),
        (40, 6, 56),
        (80, 6, 28),
        (160, 6, 14),
        (344, 6, 7),
        (64, 4, 28),
        (288, 4, 7),
        (196, 6, 16),
        (256, 6, 16),
    )
)
"""The widths and resolutions of the paper's stages: -s, -s-Conv, what -xs adds, the isotropic networks."""


def answer(records: Records, run_id: str) -> Answer:
    """Return a row per block, layout and runtime: both latencies in ms, repeat / broadcast with its interval.

    The ratio is above 1 where broadcasting is faster; its 95 % interval pairs the launches by block of the
    schedule. On a GPU the same figures stand again by the device's own clock, without the copies that the
    caller waits for. A cell that has no finished launch leaves its figures None.
    """
    run = next(run for run in records.runs if run.run_id == run_id)
    finished = records.ok_launches()
    launches = {cell.cell_id: tuple(finished.get((run_id, cell.cell_id), ())) for cell in run.cells}
    pairs: dict[tuple[str, str, str], dict[str, CellPlan]] = {}
    for cell in run.cells:
        forms = dict(part.split("=") for part in (cell.lowering or "").split(";") if part)
        if forms.keys() >= FORMS.keys():
            pairs.setdefault((cell.model, forms["layout"], cell.runtime), {})[forms["expand"]] = cell
    return [_row(*key, cells, launches) for key, cells in pairs.items()]


Samples = dict[str, tuple[NDArray[np.int64], ...]]
"""Of each form the samples of its launches, in ns."""


def _row(
    model: str,
    layout: str,
    runtime: str,
    cells: dict[str, CellPlan],
    launches: dict[str, tuple[LaunchRecord, ...]],
) -> dict[str, Any]:
    block, first = block_spec(model), next(iter(cells.values()))
    results = {
        expand: [launch.result for launch in launches[cell.cell_id]]
        for expand, cell in cells.items()
        if launches[cell.cell_id]
    }
    host = {expand: tuple(np.asarray(one.samples_ns) for one in each) for expand, each in results.items()}
    device = {
        expand: tuple(np.asarray(one.device_ns) for one in each)
        for expand, each in results.items()
        if all(one.device_ns for one in each)
    }
    return {
        "block": model,
        "channels": block.channels,
        "ratio": block.ratio,
        "size": block.size,
        "layout": layout,
        "runtime": runtime,
        "threads": first.threads,
        "launches": _both(host) or None,
        **_figures(host),
        "device": first.device,
        **{f"device_{name}": value for name, value in _figures(device).items()},
    }


def _both(samples: Samples) -> int:
    """Return how many launches there are of each form."""
    every = len(samples) == len(FORMS["expand"])
    return min((len(each) for each in samples.values()), default=0) if every else 0


def _figures(samples: Samples) -> dict[str, float | None]:
    latencies = {expand: launch_interval(each).estimate / 1e6 for expand, each in samples.items()}
    both = _both(samples)
    ratio = ratio_interval(samples["repeat"][:both], samples["broadcast"][:both]) if both else None
    return {
        "repeat_ms": latencies.get("repeat"),
        "broadcast_ms": latencies.get("broadcast"),
        "repeat_over_broadcast": ratio.estimate if ratio else None,
        "ci95_low": ratio.low if ratio else None,
        "ci95_high": ratio.high if ratio else None,
    }


STUDY = Study(
    name="expand",
    question="Repeat against broadcast: what does EfficientMod's channel expansion cost, block by block?",
    names=BLOCKS,
    forms=FORMS,
    answer=answer,
)
