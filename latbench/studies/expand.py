"""Repeat against broadcast: what EfficientMod's channel expansion costs, block by block.

The published blocks repeat the context r times along the channels before the product; ours views the values
as r groups and broadcasts. Ma et al. (arXiv:2403.19963, Fig. 2) report that replacing the repeat changed the
latency by -5.1 % on their GPU and +21.8 % on their CPU.
"""

from typing import Any

import numpy as np

from latbench.records import CellPlan, Records
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
    schedule. A cell that has no finished launch leaves its figures None.
    """
    run = next(run for run in records.runs if run.run_id == run_id)
    finished = records.ok_launches()
    samples = {
        cell.cell_id: tuple(
            np.asarray(launch.result.samples_ns) for launch in finished.get((run_id, cell.cell_id), ())
        )
        for cell in run.cells
    }
    pairs: dict[tuple[str, str, str], dict[str, CellPlan]] = {}
    for cell in run.cells:
        forms = dict(part.split("=") for part in (cell.lowering or "").split(";") if part)
        if forms.keys() >= FORMS.keys():
            pairs.setdefault((cell.model, forms["layout"], cell.runtime), {})[forms["expand"]] = cell
    return [_row(*key, cells, samples) for key, cells in pairs.items()]


def _row(
    model: str, layout: str, runtime: str, cells: dict[str, CellPlan], samples: dict[str, tuple[Any, ...]]
) -> dict[str, Any]:
    block = block_spec(model)
    taken = {expand: samples[cell.cell_id] for expand, cell in cells.items() if samples[cell.cell_id]}
    latencies = {expand: launch_interval(each).estimate / 1e6 for expand, each in taken.items()}
    both = min((len(each) for each in taken.values()), default=0) if len(taken) == len(FORMS["expand"]) else 0
    ratio = ratio_interval(taken["repeat"][:both], taken["broadcast"][:both]) if both else None
    return {
        "block": model,
        "channels": block.channels,
        "ratio": block.ratio,
        "size": block.size,
        "layout": layout,
        "runtime": runtime,
        "threads": next(iter(cells.values())).threads,
        "launches": both or None,
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
