import numpy as np
import pytest

from latbench import stats
from latbench.stats import levels

FAST = 5.7e6


def visits(steps, generator, dwell, size):
    """Return log levels of one launch: a regime that holds for `dwell` samples, then another."""
    logs, at, held = np.empty(size), int(generator.integers(len(steps))), 0
    while held < size:
        stay = int(generator.integers(*dwell))
        logs[held : held + stay] = steps[at]
        at = (at + int(generator.integers(1, len(steps)))) % len(steps)
        held += stay
    return logs


def noisy(logs, generator, noise=0.03, launch=0.0):
    shifted = logs + noise * generator.normal(size=len(logs)) + launch * generator.normal()
    return (FAST * np.exp(shifted)).astype(np.int64)


def regimes(ratios, seed, *, launches=10, size=400, dwell=(50, 1000), launch=0.0, noise=0.03):
    """Return a cell that flips between levels, and the true share of each."""
    generator = np.random.default_rng(seed)
    steps = np.log(ratios)
    truth = [visits(steps, generator, dwell, size) for _ in range(launches)]
    shares = [float(np.mean(np.concatenate(truth) == step)) for step in steps]
    return tuple(noisy(one, generator, noise, launch) for one in truth), shares


def whole(seed, launches=10, shape=None, launch=0.0):
    generator = np.random.default_rng(seed)
    made = shape or (lambda generator: np.zeros(400))
    return tuple(noisy(made(generator), generator, launch=launch) for _ in range(launches))


@pytest.mark.parametrize(
    ("ratios", "dwell"),
    [
        ((1, 1.12), (50, 1000)),
        ((1, 1.25, 1.5), (50, 300)),
        *(
            pytest.param(ratios, dwell, marks=pytest.mark.slow)
            for ratios, dwell in (
                ((1, 1.12), (50, 300)),
                ((1, 1.5), (50, 300)),
                ((1, 1.5), (50, 1000)),
                ((1, 1.25, 1.5), (50, 1000)),
            )
        ),
    ],
)
def test_known_levels_are_found(ratios, dwell):
    cells = [regimes(ratios, seed, dwell=dwell) for seed in range(60)]
    cells = [(cell, shares) for cell, shares in cells if min(shares) > 0.06]
    right = 0
    for cell, shares in cells:
        found = levels(cell).levels
        right += len(found) == len(ratios) and all(
            one.estimate == pytest.approx(FAST * ratio, rel=0.01)
            and one.share == pytest.approx(share, abs=0.01)
            for one, ratio, share in zip(found, ratios, shares, strict=True)
        )
    assert len(cells) > 25
    assert right >= 0.95 * len(cells)


@pytest.mark.parametrize(
    "launch", [0.01, *(pytest.param(launch, marks=pytest.mark.slow) for launch in (0.0, 0.02))]
)
def test_the_interval_of_a_level_covers(launch):
    """Nominal 95 % over about 120 intervals: fewer than 91 % would come by chance once in 100 times."""
    covered = []
    for seed in range(60):
        for one, ratio in zip(
            levels(regimes((1, 1.56), seed, launch=launch)[0]).levels, (1, 1.56), strict=True
        ):
            if one.low is not None:
                covered.append(one.low <= FAST * ratio <= one.high)
    assert len(covered) > 110
    assert np.mean(covered) >= 0.91


def test_whole_launches_at_one_level_are_matched_across_launches():
    generator = np.random.default_rng(0)
    slow = (0, 1, 0, 0, 1, 1, 0, 0, 0, 1)
    cell = tuple(noisy(np.full(400, np.log(1.56) * one), generator, launch=0.02) for one in slow)
    found = levels(cell)
    assert [one.launches for one in found.levels] == [6, 4]
    assert [one.share for one in found.levels] == [0.6, 0.4]
    assert [set(one.tolist()) for one in found.of_sample] == [{one} for one in slow]


def test_another_run_finds_the_same_levels_whatever_their_shares():
    apart = []
    for seed in range(30):
        one, two = (levels(regimes((1, 1.56), 2 * seed + day, launch=0.005)[0]).levels for day in (0, 1))
        assert len(one) == len(two) == 2
        apart += [abs(a.estimate / b.estimate - 1) for a, b in zip(one, two, strict=True)]
    assert np.mean(np.array(apart) < 0.03) >= 0.99


STEADY = {
    "equal launches": {},
    "launches differ": {"launch": 0.033},
    "spikes": {"shape": lambda generator: (generator.random(400) < 0.02) * generator.uniform(0.7, 2.3, 400)},
    "a slow burst": {
        "shape": lambda generator: np.where(np.arange(400) // 12 == generator.integers(33), 1.0, 0)
    },
    "heavy tail": {"shape": lambda generator: 0.03 * generator.standard_t(1.5, 400).clip(-20, 150)},
    "two modes at random": {"shape": lambda generator: 0.4 * (generator.random(400) < 0.3)},
    "random walk": {"shape": lambda generator: np.cumsum(0.004 * generator.normal(size=400))},
    "small steps": {"shape": lambda generator: np.repeat(0.1 * generator.normal(size=20), 20)},
    "sine": {"shape": lambda generator: 0.15 * np.sin(np.arange(400) / generator.uniform(50, 600))},
}


FEW = ("equal launches", "spikes", "heavy tail", "random walk")


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=() if case in FEW else pytest.mark.slow) for case in STEADY]
)
def test_what_has_no_levels_has_one(case):
    several = sum(len(levels(whole(seed, **STEADY[case])).levels) > 1 for seed in range(60))
    assert several <= 1


def test_a_wander_in_a_single_launch_has_at_most_a_few():
    blocks = np.log(np.array([7.8, 8.0, 8.4, 9.6, 8.2, 10.2, 9.7, 8.5]) / 8)
    generator = np.random.default_rng(0)
    found = [len(levels((noisy(np.repeat(blocks, 30), generator, 0.02),)).levels) for _ in range(50)]
    assert max(found) <= 2
    assert np.mean(found) < 1.25


def test_one_level_is_the_whole():
    cell = whole(0, launch=0.02)
    (found,) = levels(cell).levels
    interval = stats.launch_interval(cell)
    assert (found.estimate, found.low, found.high) == (interval.estimate, interval.low, interval.high)
    assert (found.share, found.launches) == (1.0, 10)


def test_a_passing_visit_counts_for_the_share_but_not_as_a_launch():
    generator = np.random.default_rng(0)
    logs = [np.zeros(400) for _ in range(4)]
    logs[0][:] = logs[1][:] = 0.4
    logs[2][100:115] = 0.4
    found = levels(tuple(noisy(one, generator) for one in logs))
    assert [one.launches for one in found.levels] == [2, 2]
    assert found.levels[1].share == pytest.approx(815 / 1600, abs=0.003)


def test_one_launch_has_levels_without_intervals():
    cell, _ = regimes((1, 1.5), 0, launches=1, size=4000)
    assert [(one.low, one.high, one.launches) for one in levels(cell).levels] == [(None, None, 1)] * 2


def test_every_sample_has_a_level():
    cell, shares = regimes((1, 1.5), 0, launches=5, size=77, dwell=(20, 60))
    found = levels(cell)
    assert [len(one) for one in found.of_sample] == [77] * 5
    assert sum(one.share for one in found.levels) == pytest.approx(1)
    assert np.mean(np.concatenate(found.of_sample)) == pytest.approx(shares[1], abs=0.08)


def test_columns_tell_the_levels_fastest_first_and_nothing_of_absent_ones():
    cell, _ = regimes((1, 1.5), 1)
    row = {one.name: one.compute(cell) for one in stats.statistics() if one.name.startswith("level")}
    slow = levels(cell).levels[1]
    assert list(row)[:6] == [
        "levels",
        "level_1_ms",
        *(f"level_1_{end}" for end in ("ci95_low_ms", "ci95_high_ms", "share_percent", "launches")),
    ]
    assert row["levels"] == 2
    assert row["level_1_ms"] < row["level_2_ms"] == slow.estimate / 1e6
    assert (row["level_2_ci95_low_ms"], row["level_2_ci95_high_ms"]) == (slow.low / 1e6, slow.high / 1e6)
    assert (row["level_2_share_percent"], row["level_2_launches"]) == (100 * slow.share, slow.launches)
    assert all(value is None for name, value in row.items() if name.startswith("level_3"))


def test_what_was_found_is_kept_for_equal_samples():
    cell, _ = regimes((1, 1.5), 2)
    assert levels(cell) is levels(tuple(one.copy() for one in cell))
    assert levels(cell) is not levels(cell[::-1])
