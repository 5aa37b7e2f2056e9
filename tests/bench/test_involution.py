"""The benchmark of involutions: what its ratios are of."""

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "bench" / "involution.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_involution", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_ratios_are_plain_over_ours_by_medians_of_each_repeat_and_by_minima_of_all(bench):
    taken = [[[40, 40, 90], [10, 10, 30]], [[60, 60, 60], [20, 20, 5]]]
    assert bench.ratios(taken, 1) == (pytest.approx(3.5), pytest.approx(40 / 5))
    assert bench.ratios(taken, 0) == (1, 1)
