from latbench.measure.stop import Fixed
from latbench.pipeline.rule import rule_of


def test_a_run_of_so_many_launches(plan, cell):
    assert rule_of(plan(cell(), launches=4, iterations=40)) == Fixed(4, 10)
