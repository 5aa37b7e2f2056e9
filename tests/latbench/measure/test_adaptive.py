import re

import numpy as np
import pytest

from latbench.measure.adaptive import Adaptive, wall_ns
from latbench.measure.launch import LaunchResult
from latbench.measure.stop import Again, Stop

MS = 10**6


def launch(level_ms, count=50, around_s=1.0, noise=0.01, seed=0):
    """A launch whose samples lie around a level, and which takes `around_s` beside them."""
    rng = np.random.default_rng(seed)
    samples = tuple(int(level_ms * MS * (1 + noise * one)) for one in rng.standard_normal(count))
    return LaunchResult("ok", samples_ns=samples, wall_ns=sum(samples) + int(around_s * 1e9))


def launches(levels, **fields):
    return [launch(level, seed=seed, **fields) for seed, level in enumerate(levels)]


RULE = Adaptive(0.01, (5, 10, 20), time_limit_s=1e6)


def run(rule, levels, **fields):
    """What a rule makes of a cell whose launches run at `levels`, one after another."""
    done = []
    for seed, level in enumerate(levels):
        decision = rule.next(done)
        if isinstance(decision, Stop):
            return decision, len(done)
        done.append(launch(level, decision.iterations, seed=seed, **fields))
    return rule.next(done), len(done)


def test_launches_that_agree_end_at_the_first_look():
    assert run(RULE, [10.0, 10.001] * 20) == (Stop("ok"), 5)


def test_launches_that_differ_go_on_to_a_later_look():
    decision, count = run(RULE, 10 + 0.1 * np.random.default_rng(3).standard_normal(30))
    assert decision == Stop("ok")
    assert count in (10, 20)


def test_launches_that_differ_too_much_do_not_converge_and_say_how_far_they_got():
    decision, count = run(RULE, [10.0, 15.0] * 20)
    assert (decision.status, count) == ("not_converged", 20)
    assert "after 20 launches" in decision.reason
    assert "raise --launches; ± 1 % was asked for" in decision.reason


def test_it_stops_at_no_other_number_than_the_looks():
    for count in range(1, 20):
        assert isinstance(RULE.next(launches([10.0] * count)), Stop) == (count in (5, 10))


def test_the_time_limit_ends_a_cell_before_the_launch_that_would_pass_it():
    rule = Adaptive(0.01, (5, 10, 20), time_limit_s=10)
    decision, count = run(rule, [10.0, 15.0] * 20, around_s=2.0)
    assert (decision.status, count) == ("not_converged", 3)
    assert "raise --time-limit" in decision.reason


def test_at_the_time_limit_a_narrow_interval_is_enough():
    rule = Adaptive(0.05, (10, 20), time_limit_s=10)
    assert run(rule, [10.0] * 20, around_s=2.0, noise=0.0) == (Stop("ok"), 3)


def test_one_launch_has_no_interval_so_a_second_follows_while_there_is_time():
    rule = Adaptive(0.05, (3, 5), time_limit_s=10)
    assert run(rule, [10.0, 15.0] * 9, around_s=6.0)[1] == 2
    decision, count = run(rule, [10.0] * 9, around_s=60.0)
    assert (decision.status, count) == ("not_converged", 1)
    assert decision.reason.startswith("no interval after 1 launch and")


@pytest.mark.parametrize(("level", "told"), [(10.5, r"± \d\.\d %"), (100.0, r"± \d{3,} %")])
def test_how_far_it_got_is_told_without_an_exponent(level, told):
    decision, _ = run(Adaptive(0.01, (5,), time_limit_s=300), [10.0, level] * 5)
    assert re.fullmatch(told, decision.reason.split(" after ")[0])


@pytest.mark.parametrize(("level_ms", "expected"), [(0.003, 400), (10, 100), (1000, 20)])
def test_the_pace_of_the_first_launch_decides_the_length_of_the_pilot(level_ms, expected):
    assert RULE.next([]) == Again(20)
    found = RULE.next([launch(level_ms, 20)])
    assert found.iterations == pytest.approx(expected, rel=0.02)


def test_costly_launches_that_are_alike_are_made_longer_and_cheap_ones_that_differ_shorter():
    noisy = launches([10.0, 10.01, 9.99, 10.0, 10.02], noise=0.5, around_s=8.0)
    differing = launches([10.0, 12.0, 9.0, 10.0, 11.0], noise=0.01, around_s=0.1)
    assert RULE.next(noisy).iterations > 300
    assert RULE.next(differing).iterations == 20
    assert RULE.next(noisy).iterations <= 1000


def test_the_length_found_by_the_pilot_stays():
    found = launches([10.0, 12.0, 9.0, 10.0, 11.0], noise=0.2, around_s=4.0)
    length = RULE.next(found)
    assert RULE.next([*found, launch(30.0), launch(5.0)]) == length


def test_a_quick_run_keeps_the_length_of_its_pilot():
    rule = Adaptive(0.05, (3, 5), time_limit_s=1e6, first=10, pilot_s=0.4, keeps=True)
    found = launches([10.0, 14.0, 9.0], noise=0.5, around_s=8.0)
    assert rule.next(found) == rule.next(found[:1])


def test_the_pilot_tells_what_it_found():
    assert RULE.news(launches([10.0] * 4)) is None
    told = RULE.news(launches([10.0, 10.2, 9.9, 10.1, 10.0]))
    assert told.startswith("pilot of 5 launches: ± ")
    assert "inferences per launch, about" in told
    assert told.endswith("launches for ± 1 %")
    assert "more launches than the 20 allowed" in RULE.news(launches([10.0, 20.0, 9.0, 30.0, 10.0]))


def test_the_total_is_the_look_that_the_pilot_foresees():
    assert RULE.total([]) == 5
    assert RULE.total(launches([10.0] * 5)) == 5
    assert RULE.total(launches([10.0, 20.0, 9.0, 30.0, 10.0])) == 20
    assert RULE.total(launches([10.0, 10.1, 9.9, 10.05, 9.95, 10.0])) == 10
    assert RULE.exact is False


def test_the_decision_needs_nothing_but_the_launches():
    found = launches([10.0, 10.2, 9.9, 10.1, 10.0, 10.1])
    assert Adaptive(0.01, (5, 10, 20), time_limit_s=1e6).next(found) == RULE.next(found)


def test_a_launch_without_a_known_wall_time_counts_what_it_timed():
    assert wall_ns(LaunchResult("ok", samples_ns=(3, 4), warmup_ns=(5,))) == 12


def test_building_an_engine_is_no_measuring_time():
    assert wall_ns(LaunchResult("ok", samples_ns=(3, 4), compile_ns=80, wall_ns=100)) == 20
