import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latbench import stats

FIRST = (
    "latency_ms",
    "latency_ci95_low_ms",
    "latency_ci95_high_ms",
    "latency_ci95_half_percent",
    "latency_floor_ms",
    "latency_min_ms",
    "latency_mean_ms",
    "latency_p90_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "latency_p99_9_ms",
    "latency_sd_between_launches_percent",
    "latency_cv_within_launches_percent",
    "effective_samples",
    "launches_for_1_percent",
    "iterations_for_1_percent",
)
TIMES = tuple(one for one in stats.statistics() if one.unit == "ms")
samples = st.lists(st.integers(1, 10**8), min_size=1, max_size=30).map(np.array)
runs = st.lists(samples, min_size=1, max_size=5).map(tuple)


def test_statistics_come_in_column_order():
    names = tuple(statistic.name for statistic in stats.statistics())
    assert tuple(name for name in names if name in FIRST) == FIRST


@pytest.mark.parametrize("statistic", stats.statistics(), ids=lambda statistic: statistic.name)
def test_every_statistic_is_described(statistic):
    assert statistic.direction in ("lower", "higher", "none")
    assert statistic.description.endswith(".")
    assert statistic.unit
    assert statistic.source


@settings(deadline=None)
@given(runs)
def test_a_statistic_is_a_finite_number_or_none(launches):
    for statistic in stats.statistics():
        value = statistic.compute(launches)
        assert value is None or (isinstance(value, float) and np.isfinite(value)), statistic.name


@settings(deadline=None)
@given(runs, st.integers(2, 100))
def test_times_scale_and_forget_the_order_of_launches(launches, factor):
    scaled = tuple(factor * one for one in launches[::-1])
    for statistic in TIMES:
        once, again = statistic.compute(launches), statistic.compute(scaled)
        expected = None if once is None else pytest.approx(factor * once, rel=1e-6, abs=1e-6 * factor * 100)
        assert again == expected, statistic.name


def test_nothing_heavy_is_imported():
    code = (
        "import sys; from latbench import stats; stats.statistics();"
        "print(*{'torch', 'onnx', 'onnxruntime', 'openvino', 'pandas', 'scipy'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []
