"""The latency at best: found among disturbances, the same in two runs, the median where nothing disturbs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.stats import best, launch_interval, slowdown

CLEAN, SLOWED = 5.6e6, 1.45
LAUNCHES, EACH = 10, 400
TRIALS = 60


def _neighbours(rng, quiet):
    """Return launches on two CPUs, each with a neighbour that comes and goes, `quiet` for a share of time."""
    dwell = 80
    launches = []
    for _ in range(LAUNCHES):
        slow = np.zeros((2, EACH), dtype=bool)
        for cpu in slow:
            state = rng.random() > quiet
            at = 0
            while at < EACH:
                length = 1 + int(rng.exponential(dwell * (2 * (1 - quiet) if state else 2 * quiet)))
                cpu[at : at + length] = state
                at += length
                state = not state
        factor = np.where(slow.any(axis=0), SLOWED, 1.0) * rng.lognormal(0, 0.02, EACH)
        launches.append((CLEAN * factor * rng.lognormal(0, 0.005)).astype(np.int64))
    return tuple(launches)


def _calm(rng, between=0.01, within=0.03):
    return tuple(
        (CLEAN * rng.lognormal(0, between) * rng.lognormal(0, within, EACH)).astype(np.int64)
        for _ in range(LAUNCHES)
    )


@pytest.mark.parametrize(
    "quiet", [0.4, *(pytest.param(quiet, marks=pytest.mark.slow) for quiet in (0.6, 0.8))]
)
def test_it_is_found_whatever_the_share_of_quiet_time(quiet):
    rng = np.random.default_rng(1)
    found = [best(_neighbours(rng, quiet)).estimate / CLEAN for _ in range(TRIALS)]
    assert np.mean(np.abs(np.array(found) - 1) < 0.02) >= 0.95


def test_two_runs_agree_though_their_medians_do_not():
    rng = np.random.default_rng(2)
    runs = [(_neighbours(rng, 0.8), _neighbours(rng, 0.4)) for _ in range(TRIALS)]
    at_best = np.array([best(second).estimate / best(first).estimate for first, second in runs])
    medians = np.array(
        [launch_interval(second).estimate / launch_interval(first).estimate for first, second in runs]
    )
    assert np.mean(np.abs(at_best - 1) <= 0.03) >= 0.95
    assert np.mean(np.abs(medians - 1) <= 0.03) < 0.3


def test_where_nothing_disturbs_it_is_the_median():
    rng = np.random.default_rng(3)
    cells = [_calm(rng) for _ in range(TRIALS)]
    ratios = np.array([best(one).estimate / launch_interval(one).estimate for one in cells])
    assert np.mean(np.abs(ratios - 1) < 0.01) >= 0.95
    assert [slowdown(one) for one in cells] == [None] * TRIALS


def test_a_disturbed_cell_tells_by_how_much():
    launches = _neighbours(np.random.default_rng(4), 0.4)
    told = slowdown(launches)
    assert told == pytest.approx(launch_interval(launches).estimate / best(launches).estimate)
    assert 1.1 <= told <= 1.55


def test_a_lucky_moment_is_not_the_best():
    rng = np.random.default_rng(5)
    first, *rest = _calm(rng)
    first = np.concatenate([first[:-30], (first[-30:] * 0.7).astype(np.int64)])
    assert best((first, *rest)).estimate == pytest.approx(CLEAN, rel=0.02)


def test_share_and_launches_are_those_at_the_best():
    fast, slow = np.full(100, 1000), np.full(100, 1500)
    jitter = np.arange(100) % 3
    found = best((fast + jitter, slow + jitter, np.concatenate([fast + jitter, slow + jitter])))
    assert found.launches == 2
    assert found.share == pytest.approx(0.5)
    assert found.estimate == pytest.approx(1001)
    assert found.low is not None


def test_one_launch_has_no_interval():
    found = best((np.array([1000, 1001, 1002]),))
    assert (found.estimate, found.low, found.high, found.launches) == (1001, None, None, 1)


@given(
    st.lists(st.lists(st.integers(1, 10**7), min_size=1, max_size=60), min_size=1, max_size=5),
    st.integers(2, 9),
)
def test_it_lies_among_the_samples_and_scales_with_them(samples, factor):
    launches = tuple(np.array(one, dtype=np.int64) for one in samples)
    found = best(launches)
    assert min(map(min, samples)) <= found.estimate <= max(map(max, samples))
    assert 0 < found.share <= 1
    assert 1 <= found.launches <= len(samples)
    scaled = best(tuple(one * factor for one in launches))
    assert scaled.estimate == pytest.approx(found.estimate * factor, rel=1e-9)
