"""Builders of small records, as fixtures that return functions."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from latbench import stats
from latbench.measure.launch import LaunchResult
from latbench.records.record import CellPlan, LaunchRecord, RunRecord

PLAN = CellPlan(
    model="toy",
    family="toys",
    resolution=224,
    input_shape="1x3x224x224",
    params=1_000_000,
    macs=2_000_000,
    artifact_path="artifacts/toy.onnx",
    artifact_sha256="ab" * 32,
    artifact_bytes=4_000_000,
    target="portable",
    opset=20,
    lowering="expand=broadcast",
    runtime="fake",
    threads=2,
    source={"kind": "onnx", "path": "artifacts/toy.onnx", "factory": None, "kwargs": {}},
    reference="artifacts/toy.npz",
    reference_kind="eager fp32",
    input_sha256="cd" * 32,
)


@dataclasses.dataclass(frozen=True)
class Statistic:
    """As much of a statistic as records look at, so that these tests do not follow each new one."""

    name: str
    unit: str
    description: str
    compute: Callable


def _median(launches):
    return float(np.median([np.median(one) for one in launches])) / 1e6


STATISTICS = (
    Statistic("latency_ms", "ms", "Median of launch medians.", _median),
    Statistic("latency_min_ms", "ms", "Smallest sample.", lambda all_: float(min(map(np.min, all_))) / 1e6),
    Statistic("latency_p99_ms", "ms", "Never licensed here.", lambda _: None),
)


@pytest.fixture
def statistics():
    return STATISTICS


@pytest.fixture(autouse=True)
def _settled_at_three_milliseconds(monkeypatch):
    """Call warm-up settled when the samples after it lie below 3 ms."""
    monkeypatch.setattr(stats, "warmup_settled", lambda _, samples: bool(np.all(samples < 3_000_000)))


@pytest.fixture
def plan():
    return lambda **changes: dataclasses.replace(PLAN, **changes)


@pytest.fixture
def run():
    def build(*cells, **changes):
        given = {
            "run_id": "run-1",
            "created": "2025-01-02T03:04:05Z",
            "command": ("latbench", "run", "toy"),
            "cells": cells or (PLAN,),
            "iterations": 8,
            "launches": 2,
            "warmup": 1,
            "seed": 0,
            "versions": {"fake": "1", "numpy": "2.0"},
        }
        return RunRecord(**{**given, **changes})

    return build


@pytest.fixture
def result():
    def build(**changes):
        given = {
            "status": "ok",
            "samples_ns": (1_000_000, 1_100_000, 1_050_000, 1_020_000),
            "warmup_ns": (2_000_000,),
            "load_ns": 50_000_000,
            "first_inference_ns": 3_000_000,
            "peak_rss_bytes": 100 * 2**20,
            "facts": {
                "provider": "fake",
                "device": "cpu",
                "precision": "fp32",
                "threads": 2,
                "spinning": None,
                "version": "1",
                "boundary": "host",
                "extra": {},
            },
            "parity": {"max_abs": 1e-7, "max_rel": 1e-6, "cosine": 1.0},
        }
        return LaunchResult(**{**given, **changes})

    return build


@pytest.fixture
def launch(result):
    def build(index=0, cell=PLAN, run_id="run-1", attempt=0, **changes):
        return LaunchRecord(
            run_id=run_id,
            cell_id=cell.cell_id,
            index=index,
            attempt=attempt,
            started="2025-01-02T03:04:06Z",
            result=result(**changes),
        )

    return build
