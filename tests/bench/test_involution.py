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


def test_an_operator_is_named_by_its_sizes(bench):
    module, x = bench.subject("8x6x3x2x4")
    assert tuple(x.shape) == (1, 8, 6, 6)
    assert (module.kernel, module.stride, module.conv2.conv.out_channels) == (3, 2, 9 * 2)
    assert bench.subject("32x4x3x1")[0].conv2.conv.out_channels == 9 * 2


@pytest.mark.parametrize("name", ["64x56", "64x56x4x1", "64xax7x1", "rednet"])
def test_what_cannot_be_made_is_told_in_a_sentence(bench, name):
    with pytest.raises(SystemExit, match=f"^{name} cannot be made: ."):
        bench.subject(name)
