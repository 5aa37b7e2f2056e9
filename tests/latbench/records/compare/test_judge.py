import numpy as np
import pytest

from latbench.records.compare.judge import Draft, bounds, judged
from latbench.records.compare.outcome import LIVE, STORED, Pair
from latbench.stats.interval import Interval
from latbench.stats.ratio import mean_effect
from latbench.stats.verdict import Comparison as Question


def draft(effect=None, guard=None, margin=0.02, spread=0.001, blocks=10):
    pair = Pair(name="p", baseline=None, candidate=None, state="compared", reason="")
    if effect is None:
        return Draft(pair)
    wave = spread * np.resize([1.0, -1.0], blocks)
    arm = None if guard is None else mean_effect(guard + wave)
    return Draft(pair, Question(mean_effect(effect + wave), arm, margin))


@pytest.mark.parametrize(
    ("effect", "guard", "verdict"),
    [(0.1, 0.0, "FASTER"), (-0.1, 0.0, "SLOWER"), (0.0, 0.0, "SAME"), (-0.1, 0.1, "UNTRUSTED")],
)
def test_a_pair_gets_its_verdict_and_its_figures(effect, guard, verdict):
    (pair,) = judged([draft(effect, guard)], LIVE)
    assert pair.verdict == verdict
    assert pair.ratio.low < np.exp(effect) < pair.ratio.high
    assert pair.guard.low < np.exp(guard) < pair.guard.high
    assert pair.units == 10
    assert pair.units_needed is None
    assert pair.reason.endswith(".")


def test_the_reason_tells_the_change_of_latency():
    (pair,) = judged([draft(np.log(1.25))], STORED)
    assert pair.reason.startswith("latency of new -20.0 % (-20.1 to -19.9 %): ")


def test_undecided_says_how_many_more():
    (live,) = judged([draft(0.03, 0.0, spread=0.05)], LIVE)
    (stored,) = judged([draft(0.03, spread=0.05)], STORED)
    assert live.verdict == stored.verdict == "UNDECIDED"
    assert f"about {live.units_needed} more blocks would decide" in live.reason
    assert f"about {stored.units_needed} more launches on each side would decide" in stored.reason


def test_untrusted_says_what_to_do():
    (pair,) = judged([draft(0.0, 0.2)], LIVE)
    assert "differs from itself" in pair.reason
    assert "latbench doctor" in pair.reason


def test_an_effect_on_the_edge_of_the_margin_has_no_number_in_sight():
    (pair,) = judged([draft(np.log(1.02) - 1e-9, 0.0, spread=0.05)], LIVE)
    assert pair.verdict == "UNDECIDED"
    assert pair.units_needed is None
    assert "no number of blocks in sight" in pair.reason


def test_a_pair_without_a_question_stays_and_counts_for_nothing():
    alone = judged([draft(0.05, spread=0.03)], STORED)[0]
    among = judged([draft(), draft(0.05, spread=0.03), draft()], STORED)
    assert [pair.verdict for pair in among] == [None, alone.verdict, None]
    assert among[1].p_adjusted == alone.p_adjusted
    two = judged([draft(0.05, spread=0.03)] * 2, STORED)
    assert two[0].p_adjusted > alone.p_adjusted


def test_no_interval_has_no_bounds():
    assert bounds(None) is None
    assert bounds(Interval(1.0, None, None)).low is None
