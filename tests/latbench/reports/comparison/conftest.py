"""Comparisons as the formats get them."""

import pytest

from latbench.records.compare.outcome import Bounds, Comparison, LevelRatio, Pair

RATIO = Bounds(0.909, 0.892, 0.926)


@pytest.fixture
def pair(row):
    def build(name="m@onnxruntime", **changes):
        known = {
            "name": name,
            "baseline": row(latency=10.0, half=0.1, flags=None),
            "candidate": row(latency=11.0, half=0.1, flags="stolen=0.5;drift=+3 %"),
            "state": "compared",
            "reason": "latency of B +10.0 % (+8.0 to +12.1 %): differs by more than 2 % (p = 0.001).",
            "baseline_label": name,
            "candidate_label": name,
            "verdict": "SLOWER",
            "ratio": RATIO,
            "p_value": 0.0005,
            "p_adjusted": 0.001,
            "guard": Bounds(1.001, 0.99, 1.012),
            "units": 10,
        }
        return Pair(**{**known, **changes})

    return build


@pytest.fixture
def comparison(pair):
    def build(*pairs, form="live", **changes):
        known = {
            "form": form,
            "baseline": "a",
            "candidate": "b",
            "margin": 0.02,
            "redo": "latbench compare a b",
        }
        return Comparison(**{**known, "pairs": pairs or (pair(),), **changes})

    return build


@pytest.fixture
def levelled(pair):
    return pair(levels=(LevelRatio(1, 5.7, 5.7, Bounds(1.0, 0.99, 1.01)), LevelRatio(2, 8.9, 9.9, RATIO)))


@pytest.fixture
def failed(pair, row):
    return pair(
        "m@openvino",
        state="not_ok",
        candidate=row(runtime="openvino", latency=None, status="crashed", reason="SIGSEGV"),
        reason="B crashed: SIGSEGV.",
        verdict=None,
        ratio=None,
        guard=None,
        p_value=None,
        p_adjusted=None,
        units=None,
    )
