"""What several rooms' tests are given: records of a sweep of ParC operators, made by hand; timm."""

import os

import numpy as np
import pytest

from latbench.measure.launch import LaunchResult
from latbench.records import CellPlan, CellRecord, LaunchRecord, Records, RunRecord

DRIFT = 0.1


def _swept(cells, launches=3):
    """Return records of one run of cells, each (operator, runtime, lowering, latency in ns or None).

    All launches with the same index share a drift, as those of one process do; None is a cell without any.
    """
    plans = [
        CellPlan(
            model=model,
            input_shape="1x8x7x7",
            target=runtime,
            runtime=runtime,
            source={"kind": "onnx"},
            lowering=f"parc={lowering}",
        )
        for model, runtime, lowering, _ in cells
    ]
    run = RunRecord(
        run_id="r",
        created="2026-01-01",
        command=(),
        cells=tuple(plans),
        iterations=None,
        launches=launches,
        warmup=0,
        schedule="shared",
        machine={"cpu_model": "This CPU", "usable_cpus": 2},
        versions={"onnxruntime": "1.0", "numpy": "2.0"},
    )
    taken = [
        LaunchRecord(
            run_id="r",
            cell_id=plan.cell_id,
            index=index,
            result=LaunchResult("ok", samples_ns=(round(latency * (1 + DRIFT * index)),) * 5),
        )
        for plan, (*_, latency) in zip(plans, cells, strict=True)
        for index in range(launches)
        if latency is not None
    ]
    return Records(runs=(run,), launches=tuple(taken))


@pytest.fixture(scope="session")
def swept():
    return _swept


class Sweep:
    """Records of one run, made cell by cell, with what an empty call took in each launch."""

    def __init__(self, launches=4, overhead=1000.0, noise=0.0, drift=DRIFT):
        self.launches, self.overhead, self.noise, self.drift = launches, overhead, noise, drift
        self.generator = np.random.default_rng(0)
        self.plans, self.taken, self.ends = [], [], []

    def cell(self, model, lowering, latency, *, runtime="onnxruntime", threads=1, resolution=None, **end):
        """Add a cell whose launches have this median in ns, or these; None for one without launches.

        `end` may tell how it ended, its `kind` of source, its `device`, and `device_ns`, a latency on it.
        """
        plan = CellPlan(
            model=model,
            input_shape="1x8x7x7",
            target=runtime,
            runtime=runtime,
            threads=threads,
            resolution=resolution,
            device=end.get("device", "cpu"),
            source={"kind": end.get("kind", "onnx")},
            lowering=f"parc={lowering}",
            artifact_sha256="ab" * 32,
        )
        status = end.get("status", "ok" if latency else "failed")
        self.plans.append(plan)
        self.ends.append(
            CellRecord(run_id="r", cell_id=plan.cell_id, status=status, reason=end.get("reason"))
        )
        for index in range(end.get("launches", self.launches) if latency else 0):
            drift = 1 + self.drift * index
            median = latency[index] if isinstance(latency, tuple) else latency
            took = round(median * drift * np.exp(self.noise * self.generator.standard_normal()))
            witnesses = {"call_overhead_ns": None if self.overhead is None else self.overhead * drift}
            device = (round(end["device_ns"] * drift),) * 5 if "device_ns" in end else ()
            result = LaunchResult("ok", samples_ns=(took,) * 5, witnesses=witnesses, device_ns=device)
            self.taken.append(LaunchRecord(run_id="r", cell_id=plan.cell_id, index=index, result=result))
        return self

    def records(self):
        """Return the records."""
        run = RunRecord(
            run_id="r",
            created="2026-01-01",
            command=(),
            cells=tuple(self.plans),
            iterations=None,
            launches=self.launches,
            warmup=0,
            schedule="shared",
            machine={"cpu_model": "a CPU"},
        )
        return Records(runs=(run,), launches=tuple(self.taken), cells=tuple(self.ends))


@pytest.fixture(scope="session")
def by_hand():
    return Sweep


@pytest.fixture(scope="session")
def timm():
    """The package timm; a skip where it is not installed, which in CI is a failure."""
    from latbench.zoo.timm_import import imported, missing

    if missing() and "CI" not in os.environ:
        pytest.skip(missing())
    return imported()
