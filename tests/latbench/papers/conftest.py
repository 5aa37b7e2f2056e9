"""A table, a zoo and rows small enough to read."""

import pytest

from latbench.papers.table import parsed
from latbench.zoo.spec import Evidence, ModelSpec

TOLD = {
    "name": "some-table1",
    "title": "Some table",
    "paper": "A paper",
    "source": "A paper, Table 1",
    "flops": "MACs",
    "flops_called": "FLOPs",
    "notes": ["Read aloud."],
    "devices": [
        {"key": "P100", "name": "a GPU", "device": "gpu", "runtime": "onnxruntime"},
        {"key": "Xeon", "name": "a CPU", "device": "cpu", "runtime": "onnxruntime", "threads": 4},
    ],
    "rows": [
        {
            "label": label,
            "models": [label.lower(), f"timm:{label.lower()}"],
            "params_m": params,
            "flops_g": flops,
            "top1": "76.0",
            "speed": {"P100": gpu, "Xeon": cpu},
        }
        for label, params, flops, gpu, cpu in (
            ("A", "4.7", "0.6", "3.0", "10.2"),
            ("B", "6.6", "0.8", "3.6", "13.4"),
            ("C", "5.9", "1.1", "2.7", "16.5"),
            ("D", "12.9", "1.4", "5.5", "23.5"),
        )
    ]
    + [
        {
            "label": "E",
            "absent": "nobody has it",
            "params_m": "14.8",
            "top1": "79.3",
            "speed": {"P100": "13.4"},
        }
    ],
}


@pytest.fixture
def told():
    return {**TOLD, "rows": [dict(row) for row in TOLD["rows"]]}


@pytest.fixture
def table(told):
    return parsed(told)


def spec(name, params, macs, label="published"):
    evidence = Evidence(label, "guessed" if label != "published" else "the authors' code")
    return ModelSpec(
        name=name,
        family="F",
        params=params,
        macs=macs,
        paper="p",
        evidence=evidence,
        network="m:C",
        config={},
    )


@pytest.fixture
def zoo(monkeypatch):
    known = (
        spec("a", 4_736_264, 579_111_424),
        spec("b", 6_627_544, 773_098_752, "reconstruction"),
        spec("c", 5_717_416, 1_026_000_000),
    )
    monkeypatch.setattr("latbench.zoo.registry.models", lambda: known)
    return known


@pytest.fixture
def row():
    def build(model="a", latency=10.0, half=0.1, **changes):
        known = {
            "model": model,
            "runtime": "onnxruntime",
            "threads_requested": 4,
            "device": "cpu",
            "device_actual": "cpu",
            "cpu_model": "This CPU",
            "precision_requested": "fp32",
            "target": "portable",
            "input_shape": "1x3x224x224",
            "resolution": 224,
            "arm": None,
            "params": None,
            "macs": None,
            "status": "ok",
            "protocol": "launches",
            "created": "2026-01-01T00:00:00+00:00",
            "run_id": "r1",
            "latency_ms": latency,
            "latency_ci95_low_ms": None if half is None else latency - half,
            "latency_ci95_high_ms": None if half is None else latency + half,
        }
        assert not changes.keys() - known.keys()
        return known | changes

    return build
