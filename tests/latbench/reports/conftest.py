"""Rows as reports get them, with a fixed handful of statistics."""

import pytest

from latbench import stats
from latbench.measure.launch import LaunchResult
from latbench.records import LaunchRecord, Measured
from latbench.records.columns import Column, columns

LEVEL = ("ms", "ci95_low_ms", "ci95_high_ms", "share_percent", "launches")
STATISTICS = tuple(
    Column(name, "ms", "A statistic.")
    for name in (
        "latency_ms",
        "latency_ci95_low_ms",
        "latency_ci95_high_ms",
        "latency_ci95_half_percent",
        "latency_min_ms",
        "latency_p99_ms",
        "latency_sd_between_launches_percent",
        "latency_cv_within_launches_percent",
        "effective_samples",
        "launches_for_1_percent",
        "iterations_for_1_percent",
        "levels",
        *(f"level_{k}_{told}" for k in (1, 2, 3) for told in LEVEL),
        *(f"best_{told}" for told in LEVEL),
    )
)


@pytest.fixture(autouse=True)
def _few_statistics(monkeypatch):
    monkeypatch.setattr(stats, "statistics", lambda: STATISTICS)


@pytest.fixture
def row():
    def build(model="efficientmod_s", runtime="onnxruntime", latency=12.345, half=0.123, **changes):
        low, high = (None, None) if half is None or latency is None else (latency - half, latency + half)
        known = {
            "schema": 1,
            "run_id": "run-1",
            "cell_id": f"{model}-{runtime}",
            "created": "2025-01-02T03:04:05Z",
            "model": model,
            "family": "efficientmod",
            "resolution": 224,
            "input_shape": "1x3x224x224",
            "runtime": runtime,
            "runtime_version": "1.0",
            "device": "cpu",
            "device_actual": "cpu",
            "provider_actual": "CPUExecutionProvider",
            "precision_requested": "fp32",
            "precision_actual": "fp32",
            "threads_requested": 4,
            "threads_actual": 4,
            "usable_cpus": 8,
            "batch": 1,
            "target": "portable",
            "lowering": "expand=broadcast",
            "opset": 20,
            "artifact_sha256": "0123456789abcdef" * 4,
            "artifact_bytes": 51_000_000,
            "input_sha256": "fe" * 32,
            "status": "ok",
            "launches": 10,
            "launches_requested": 10,
            "iterations": 4000,
            "iterations_requested": 4000,
            "warmup": 50,
            "protocol": "launches",
            "boundary": "host",
            "latency_ms": latency,
            "latency_ci95_low_ms": low,
            "latency_ci95_high_ms": high,
            "latency_min_ms": None if latency is None else latency - 1,
            "latency_p99_ms": None if latency is None else latency * 1.5,
            "first_inference_ms": 30.12,
            "load_ms": 123.4,
            "peak_rss_mib": 312.5,
            "parity_max_abs": 2.1e-6,
            "parity_max_rel": 1.9e-6,
            "parity_cosine": 1.0,
            "parity_reference": "eager fp32",
            "cpu_model": "Nucleus 9000",
            "kernel": "6.1.0",
            "seed": 0,
            "versions": "numpy=2.0;onnxruntime=1.0",
            "command": "latbench run efficientmod_s",
        }
        names = [column.name for column in columns()]
        unknown = (known | changes).keys() - set(names)
        assert not unknown, f"no such columns: {unknown}"
        return dict.fromkeys(names) | known | changes

    return build


@pytest.fixture
def crashed(row):
    """Return a row of a cell that brought back nothing."""

    def build(reason="killed by signal 11", **changes):
        nothing = dict.fromkeys(
            (
                *("runtime_version", "device_actual", "provider_actual", "precision_actual"),
                *("threads_actual", "boundary", "first_inference_ms", "load_ms", "peak_rss_mib"),
                *("parity_max_abs", "parity_max_rel", "parity_cosine"),
            )
        )
        counts = {"launches": 0, "iterations": 0, "status": "crashed", "reason": reason}
        return row(**{"latency": None, "half": None, **nothing, **counts, **changes})

    return build


@pytest.fixture
def rows(row, crashed):
    """Return the rows that the golden tables show: two models, every kind of trouble."""
    return [
        row(runtime="pytorch", latency=40.5, half=2.5, target="eager", artifact_sha256=None, opset=None),
        row(runtime="onnxruntime"),
        crashed(runtime="openvino"),
        row(
            model="mine|[bold].onnx",
            latency=1.5,
            half=None,
            latency_p99_ms=None,
            parity_max_rel=None,
            flags="no_interval=1;parity_unchecked=1/1",
        ),
        row(
            model="mine|[bold].onnx",
            runtime="openvino",
            latency=0.5,
            half=0.001,
            status="parity_failed",
            reason="outputs differ",
            parity_max_rel=0.25,
        ),
    ]


@pytest.fixture
def level():
    """Return the columns of one level."""

    def build(k, *told):
        return {f"level_{k}_{name}": value for name, value in zip(LEVEL, told, strict=True)}

    return build


@pytest.fixture
def levelled(row, level):
    """Return a row that ran at two levels."""

    def build(**changes):
        fast, slow = level(1, 5.71, 5.66, 5.76, 62.0, 9.0), level(2, 8.9, 8.78, 9.02, 38.0, 6.0)
        return row(latency=5.9, half=1.1, levels=2.0, **fast, **slow, **changes)

    return build


@pytest.fixture
def launch():
    """Return the record of a launch with the given samples in ms; `told` are its witnesses."""

    def build(
        samples=(10.0, 11.0, 12.0), index=0, attempt=0, started="2025-01-02T03:04:06Z", told=(), **changes
    ):
        result = {
            "status": "ok",
            "samples_ns": tuple(round(sample * 1e6) for sample in samples),
            "first_inference_ns": 30_000_000,
            "load_ns": 123_000_000,
            "witnesses": dict(told),
        }
        return LaunchRecord(
            run_id="run-1",
            cell_id="cell-1",
            index=index,
            attempt=attempt,
            started=started,
            result=LaunchResult(**{**result, **changes}),
        )

    return build


@pytest.fixture
def measured(launch):
    """Return launches of the given samples in ms, all counted."""
    return lambda *streams, **changes: Measured(
        tuple(launch(samples, index, **changes) for index, samples in enumerate(streams))
    )
