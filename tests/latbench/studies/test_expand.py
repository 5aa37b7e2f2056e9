from dataclasses import replace

import numpy as np
import pytest

from latbench.measure.launch import LaunchResult
from latbench.records import CellPlan, LaunchRecord, Records, RunRecord
from latbench.studies.expand import BLOCKS, answer
from latbench.zoo.blocks import block_spec


def cell(expand, layout="channels_last", runtime="onnxruntime"):
    return CellPlan(
        model="efficientmod_block_c8_r6_7",
        input_shape="1x7x7x8",
        target="portable",
        runtime=runtime,
        source={"kind": "onnx"},
        lowering=f"expand={expand};layout={layout}",
    )


def records(latencies, launches=4):
    """Records of one run whose cells have these latencies in ns, with launches that drift together."""
    cells = tuple(one for one, _ in latencies)
    run = RunRecord(
        run_id="r", created="2026-01-01", command=(), cells=cells, iterations=20, launches=launches, warmup=0
    )
    drift = np.linspace(1, 1.3, launches)
    done = [
        LaunchRecord(
            run_id="r",
            cell_id=one.cell_id,
            index=index,
            result=LaunchResult("ok", samples_ns=(round(latency * drift[index]),) * 5),
        )
        for one, latency in latencies
        for index in range(launches)
        if latency
    ]
    return Records(runs=(run,), launches=tuple(done), cells=(), notes=())


def test_the_ratio_pairs_launches_so_that_a_drift_of_the_machine_cancels():
    (row,) = answer(records([(cell("repeat"), 1_200_000), (cell("broadcast"), 1_000_000)]), "r")
    assert row["repeat_over_broadcast"] == pytest.approx(1.2, rel=1e-6)
    assert row["ci95_high"] - row["ci95_low"] < 1e-3
    assert row["repeat_ms"] == pytest.approx(1.2 * row["broadcast_ms"], rel=1e-6)
    assert (row["channels"], row["ratio"], row["size"], row["launches"]) == (8, 6, 7, 4)


def test_every_layout_and_runtime_has_its_row():
    found = [
        (cell(expand, layout, runtime), 1_000_000)
        for expand in ("broadcast", "repeat")
        for layout in ("channels_last", "channels_first")
        for runtime in ("onnxruntime", "openvino")
    ]
    rows = answer(records(found), "r")
    assert {(row["layout"], row["runtime"]) for row in rows} == {
        (layout, runtime)
        for layout in ("channels_last", "channels_first")
        for runtime in ("onnxruntime", "openvino")
    }


def test_the_devices_own_clock_has_columns_of_its_own():
    found = records([(cell("repeat"), 1_200_000), (cell("broadcast"), 1_100_000)])
    timed = [
        replace(one, result=replace(one.result, device_ns=(took,) * 5))
        for one, took in zip(found.launches, (150_000,) * 4 + (100_000,) * 4, strict=True)
    ]
    (row,) = answer(replace(found, launches=tuple(timed)), "r")
    assert row["device_repeat_over_broadcast"] == pytest.approx(1.5)
    assert (row["device_repeat_ms"], row["device_broadcast_ms"]) == (0.15, 0.1)
    assert row["repeat_over_broadcast"] == pytest.approx(12 / 11, rel=1e-6)
    (row,) = answer(found, "r")
    assert row["device_repeat_over_broadcast"] is None


def test_a_cell_without_launches_leaves_its_figures_unknown():
    (row,) = answer(records([(cell("repeat"), 0), (cell("broadcast"), 1_000_000)]), "r")
    assert row["broadcast_ms"] == pytest.approx(1.15, rel=0.2)
    assert [row[name] for name in ("repeat_ms", "repeat_over_broadcast", "ci95_low", "launches")] == [
        None
    ] * 4


def test_the_blocks_are_those_of_the_papers_stages():
    widths = {(spec.channels, spec.size) for spec in map(block_spec, BLOCKS)}
    assert {(32, 56), (64, 28), (144, 14), (312, 7), (40, 56), (80, 28), (160, 14), (344, 7)} <= widths
