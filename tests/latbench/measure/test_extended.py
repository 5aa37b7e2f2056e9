import numpy as np

from latbench.measure.extended import ENOUGH, Extended
from latbench.measure.launch import LaunchResult
from latbench.measure.stop import Again, Fixed, Stop

FAST, SLOW = 5.7, 8.9
RULE = Extended(Fixed(launches=6, iterations=50), seconds=1000)


def launch(level_ms, seed):
    rng = np.random.default_rng(seed)
    samples = tuple(int(level_ms * 10**6 * (1 + 0.01 * one)) for one in rng.standard_normal(100))
    return LaunchResult("ok", samples_ns=samples, wall_ns=10**9)


def launches(*levels):
    return [launch(level, seed) for seed, level in enumerate(levels)]


def test_the_fixed_launches_come_first():
    assert RULE.next([]) == Again(50)
    assert RULE.next(launches(FAST, SLOW)) == Again(50)


def test_one_level_ends_after_the_fixed_launches():
    assert RULE.next(launches(*[FAST] * 6)) == Stop("ok")
    assert RULE.total(launches(*[FAST] * 6)) == 6
    assert RULE.news(launches(*[FAST] * 6)) is None


def test_a_level_that_few_launches_visited_asks_for_more():
    found = launches(*[SLOW] * 5, FAST)
    assert RULE.next(found) == Again(50)
    assert RULE.total(found) == 7
    assert RULE.news(found) == "1 of 6 launches visited a level: more follow, within 1000 s"
    assert RULE.news([*found, launch(SLOW, 9)]) is None


def test_enough_visits_end_it():
    assert RULE.next(launches(*[SLOW] * 5, *[FAST] * ENOUGH)) == Stop("ok")
    assert RULE.next(launches(*[SLOW] * 5, *[FAST] * (ENOUGH - 1))) == Again(50)


def test_it_ends_when_as_many_launches_again_saw_nothing_of_the_rare_level():
    found = launches(*[SLOW] * 5, FAST)
    waited = [launch(SLOW, 10 + at) for at in range(6)]
    assert RULE.next(found + waited[:5]) == Again(50)
    assert RULE.next(found + waited) == Stop("ok")
    assert RULE.next(found + waited[:5] + [launch(FAST, 30)]) == Again(50)


def test_the_time_limit_ends_it():
    found = launches(*[SLOW] * 5, FAST)
    assert Extended(RULE.fixed, seconds=6.5).next(found) == Stop("ok")
    assert Extended(RULE.fixed, seconds=7.5).next(found) == Again(50)
