"""A against A is rarely called different, and what differs is found."""

import pytest
from simulated import sessions, worlds

from latbench import stats
from latbench.stats import Verdict

FEW, ERRORS = 100, 3.5


def broken(findings, errors=0.0):
    return [one for one in findings if not one.met(errors)]


def test_a_against_a_in_a_few_sessions():
    assert not broken(sessions.false_verdicts(FEW), ERRORS)
    assert not broken(sessions.ratio_coverage(FEW), ERRORS)


@pytest.mark.slow
def test_a_against_a_is_called_different_in_at_most_five_percent():
    assert not broken(sessions.false_verdicts(1000))
    assert not broken(sessions.ratio_coverage(1000))


def test_without_a_margin_the_error_is_spent_and_not_exceeded():
    """With no margin to hide behind, verdict and A/A arm together err in about 5 %, and not far below."""
    drawn = sessions.sessions(worlds.spread(0.02), 2000, 10, seed=9)
    ends = [stats.decide(stats.Comparison(one.effect, one.guard, margin=0)).verdict for one in drawn]
    wrong = sum(end is not Verdict.UNDECIDED for end in ends) / len(ends)
    assert 0.035 <= wrong <= 0.065


def test_iterations_as_the_unit_call_most_of_them_different():
    assert sessions.pooled(200) > 0.7


def test_more_blocks_and_larger_effects_are_found_more_often():
    found = {
        (effect, blocks): sessions.verdicts(worlds.spread(0.03), 200, blocks, 4, effect)[Verdict.FASTER]
        for effect in (0.03, 0.05)
        for blocks in (5, 10, 20)
    }
    for effect in (0.03, 0.05):
        assert found[effect, 5] < found[effect, 10] < found[effect, 20]
    assert all(found[0.03, blocks] < found[0.05, blocks] for blocks in (5, 10))
    assert found[0.05, 20] > 0.95


@pytest.mark.slow
def test_true_effects_are_never_called_the_wrong_thing():
    assert not broken(sessions.power(1000))
