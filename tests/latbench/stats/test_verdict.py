import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.stats.ratio import Effect, mean_effect
from latbench.stats.verdict import Comparison, Verdict, compared, decide, decide_all, guard


def effect(percent, error_percent, blocks=10):
    """Return an effect of `percent` in the logarithm with that standard error."""
    return Effect(percent / 100, error_percent / 100, blocks - 1, blocks)


FINE = effect(0, 0.5)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (effect(5, 0.5), Verdict.FASTER),
        (effect(-5, 0.5), Verdict.SLOWER),
        (effect(0.1, 0.5), Verdict.SAME),
        (effect(1, 0.1), Verdict.SAME),  # clearly not 1, and clearly too little to matter
        (effect(1.5, 0.5), Verdict.UNDECIDED),  # clearly not 1, perhaps beyond the margin
        (effect(5, 3), Verdict.UNDECIDED),
        (effect(0, 3), Verdict.UNDECIDED),
    ],
)
def test_verdicts(seen, verdict):
    found = decide(Comparison(seen, FINE))
    assert found.verdict is verdict
    assert (found.blocks_needed is not None) == (verdict is Verdict.UNDECIDED)
    assert found.reason
    assert found.ratio == seen.interval(0.95)


def test_margin_decides_what_matters():
    assert decide(Comparison(effect(5, 0.5), FINE, margin=0.1)).verdict is Verdict.SAME
    assert decide(Comparison(effect(1, 0.1), FINE, margin=0)).verdict is Verdict.FASTER


def test_a_baseline_that_differs_from_itself_is_not_trusted():
    for seen in (effect(5, 0.5), effect(0, 0.5), effect(0, 5)):
        found = decide(Comparison(seen, effect(3, 0.5)))
        assert found.verdict is Verdict.UNTRUSTED
        assert "1.0305 (1.0138 to 1.0473) at 99 %" in found.reason


def test_an_arm_that_cannot_turn_a_verdict_is_let_be():
    clear_but_tiny = effect(0.4, 0.01)
    assert decide(Comparison(effect(5, 0.5), clear_but_tiny)).verdict is Verdict.FASTER
    assert decide(Comparison(effect(5, 0.5), effect(0.6, 0.01))).verdict is Verdict.UNTRUSTED


@pytest.mark.parametrize("blocks", [1, 2])
def test_too_few_blocks_never_decide(blocks):
    few = mean_effect(np.full(blocks, 0.5))
    found = decide(Comparison(few, few))
    assert (found.verdict, found.blocks_needed) == (Verdict.UNDECIDED, 3 - blocks)


def test_the_a_a_arm_has_its_part_of_the_error():
    seen = Effect(0.04, 0.04 / 2.32, 9, 10)  # p between 4 and 5 %
    assert 0.04 < seen.p_value < 0.05
    assert decide(Comparison(seen, FINE)).verdict is Verdict.UNDECIDED
    assert decide(Comparison(seen)).verdict is Verdict.FASTER


def test_holm_holds_a_pair_to_its_family():
    one = Comparison(effect(4, 1.5), FINE)
    assert decide(one).verdict is Verdict.FASTER
    family = decide_all((one,) * 9 + (Comparison(effect(30, 0.5), FINE),))
    assert [found.verdict for found in family] == [Verdict.UNDECIDED] * 9 + [Verdict.FASTER]
    assert family[0].adjusted_p == pytest.approx(9 * one.effect.p_value)
    assert family[0].p_value == one.effect.p_value


def test_many_arms_share_their_error():
    arm = Effect(0.05, 0.05 / 3.6, 9, 10)
    assert 0.01 / 3 < arm.p_value < 0.01
    assert decide(Comparison(FINE, arm)).verdict is Verdict.UNTRUSTED
    assert decide_all([Comparison(FINE, arm)] * 3)[0].verdict is Verdict.SAME


def simulated(generator, ratio, blocks, spread):
    """Return a session whose candidate is `ratio` times as fast, its launches scattering by `spread`."""
    sides = (np.exp(generator.normal(16, spread, size=2 * blocks)) for _ in range(2))
    return tuple(
        tuple(np.array([round(one / factor)]) for one in side)
        for side, factor in zip(sides, (1, ratio), strict=True)
    )


def test_as_many_more_blocks_as_said_mostly_decide():
    generator = np.random.default_rng(0)
    ends = []
    while len(ends) < 200:
        ratio = generator.choice([1.0, 1.04])
        found = decide(compared(*simulated(generator, ratio, 5, 0.02)))
        near = abs(found.ratio.estimate - ratio) < 0.01
        if found.verdict is Verdict.UNDECIDED and near:
            more = 5 + found.blocks_needed
            ends.append(decide(compared(*simulated(generator, ratio, more, 0.02))).verdict)
    assert 0.65 <= np.mean([end is not Verdict.UNDECIDED for end in ends]) <= 0.95


def test_no_number_of_blocks_decides_what_lies_on_the_margin():
    edge = 100 * math.log1p(0.02)
    assert decide(Comparison(effect(edge - 1e-3, 0.5), FINE)).blocks_needed is None


@given(st.floats(-20, 20), st.floats(0.01, 10), st.integers(3, 60))
def test_swapping_the_two_swaps_the_verdict(percent, error, blocks):
    other = {Verdict.FASTER: Verdict.SLOWER, Verdict.SLOWER: Verdict.FASTER}
    there = decide(Comparison(effect(percent, error, blocks)))
    back = decide(Comparison(effect(-percent, error, blocks)))
    assert back.verdict is other.get(there.verdict, there.verdict)
    assert back.blocks_needed == there.blocks_needed
    assert there.blocks_needed is None or there.blocks_needed >= 1


def test_the_arm_sees_what_changes_in_one_direction_within_blocks():
    generator = np.random.default_rng(1)
    baseline, candidate = simulated(generator, 1, 10, 0.005)
    assert decide(compared(baseline, candidate)).verdict is Verdict.SAME
    cold = tuple(one if index % 2 else one * 102 // 100 for index, one in enumerate(baseline))
    assert decide(compared(cold, candidate)).verdict is Verdict.UNTRUSTED


def test_an_arm_needs_whole_blocks():
    with pytest.raises(ValueError, match="3 launches do not form blocks"):
        guard((np.array([1]),) * 3)


def test_constant_launches_are_decided():
    """As with a clock that ticks the same each time."""
    level = lambda ns: (np.array([ns]),) * 6  # noqa: E731
    assert decide(compared(level(100), level(100))).verdict is Verdict.SAME
    assert decide(compared(level(100), level(50))).verdict is Verdict.FASTER
