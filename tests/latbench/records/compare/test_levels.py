import pytest

from latbench.records.compare.levels import level_ratios
from latbench.records.compare.outcome import AT_BEST


def levels(*latencies, launches=6, half=0.01):
    found = {"levels": float(len(latencies))}
    for level, latency in enumerate(latencies, 1):
        low, high = (None, None) if half is None else (latency - half, latency + half)
        found |= {f"level_{level}_ms": latency, f"level_{level}_launches": launches}
        found |= {f"level_{level}_ci95_low_ms": low, f"level_{level}_ci95_high_ms": high}
    return found


def test_each_level_has_its_ratio():
    one, other = level_ratios(levels(5.7, 8.9), levels(5.7, 4.45))
    assert (one.level, one.baseline_ms, one.candidate_ms) == (1, 5.7, 5.7)
    assert one.ratio.estimate == pytest.approx(1)
    assert other.ratio.estimate == pytest.approx(2)
    assert other.ratio.low < 2 < other.ratio.high


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (levels(5.0), levels(5.0)),
        (levels(5.0, 8.0), levels(5.0)),
        ({}, {}),
        ({"levels": None}, levels(1.0, 2.0)),
    ],
)
def test_without_as_many_levels_on_both_sides_there_is_nothing_to_say(one, other):
    assert level_ratios(one, other) == ()


def test_a_level_without_an_interval_has_a_ratio_without_one():
    (one, _) = level_ratios(levels(5.0, 8.0, launches=1, half=None), levels(5.0, 8.0))
    assert (one.ratio.estimate, one.ratio.low, one.ratio.high) == (1.0, None, None)


def test_what_was_disturbed_is_compared_at_its_best_too():
    best = {"best_ms": 5.0, "best_ci95_low_ms": 4.9, "best_ci95_high_ms": 5.1, "best_launches": 6.0}
    one, other = levels(7.0) | best, levels(5.5) | best | {"best_ms": 5.0}
    assert level_ratios(one, other) == ()
    (found,) = level_ratios(one | {"flags": "disturbed=1.40x"}, other)
    assert (found.level, found.baseline_ms, found.ratio.estimate) == (AT_BEST, 5.0, pytest.approx(1))
    assert found.ratio.low < 1 < found.ratio.high


def test_an_absent_level_is_left_out():
    row = levels(5.0, 8.0) | {"level_2_ms": None}
    assert [one.level for one in level_ratios(row, levels(5.0, 8.0))] == [1]
