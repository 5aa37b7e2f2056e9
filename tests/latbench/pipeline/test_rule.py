from latbench.measure.adaptive import Adaptive
from latbench.measure.extended import Extended
from latbench.measure.stop import Fixed
from latbench.pipeline.rule import pilot_s, rule_of


def test_a_run_of_so_many_launches(plan, cell):
    assert rule_of(plan(cell(), launches=4, iterations=40)) == Fixed(4, 10)


def test_a_run_that_adds_launches_for_its_levels(plan, cell):
    assert rule_of(plan(cell(), launches=4, iterations=40, extend_s=60.0)) == Extended(Fixed(4, 10), 60.0)


def test_a_run_to_a_precision(plan, cell):
    asked = {"precision_target": 0.01, "looks": (5, 10), "time_limit_s": 300.0, "iterations": None}
    assert rule_of(plan(cell(), protocol="adaptive", **asked)) == Adaptive(0.01, (5, 10), 300.0)
    assert rule_of(plan(cell(), **{**asked, "time_limit_s": None})).time_limit_s == float("inf")


def test_a_quick_run_has_short_launches(plan, cell):
    asked = {"precision_target": 0.05, "looks": (3, 5, 8), "time_limit_s": 20.0, "iterations": None}
    rule = rule_of(plan(cell(), protocol="quick", **asked))
    assert (rule.keeps, rule.first) == (True, 10)
    assert rule.pilot_s == pilot_s("quick") < pilot_s("adaptive")
