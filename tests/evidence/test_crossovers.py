"""The interval of a crossover holds the truth as often as it says, and luck is told for a gain less often."""

from functools import partial

import pytest
from simulated import crossovers

FEW, ERRORS = 60, 3.5


def test_the_interval_covers_in_a_few_sweeps():
    share = crossovers.covered(40, crossovers.EVEN, 4, FEW, 0)
    assert share >= crossovers.LEAST - ERRORS * (0.05 / FEW) ** 0.5


@pytest.mark.parametrize("truth", [5, 600])
def test_a_crossover_beyond_the_range_is_held_by_an_open_end(truth):
    assert crossovers.covered(truth, crossovers.EVEN, 4, 20, 1) >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("case", crossovers.CASES, ids=lambda case: case[0])
def test_the_interval_covers_as_often_as_it_says(case):
    _, truth, spreads = case
    assert crossovers.covered(truth, spreads, 4, 500, 7) >= crossovers.LEAST


def test_a_narrow_interval_would_be_seen(monkeypatch):
    """The check can fail: an interval of 50 % does not pass."""
    monkeypatch.setattr(
        crossovers, "crossover_of_logs", partial(crossovers.crossover_of_logs, confidence=0.5)
    )
    assert crossovers.covered(40, crossovers.EVEN, 10, FEW, 0) < crossovers.LEAST - 0.1


def test_the_best_of_many_is_told_for_a_gain_less_often_where_it_is_judged_on_others():
    guarded, own = (crossovers.ahead(4, 400, 4, guarded=one) for one in (True, False))
    assert guarded <= crossovers.MOST + ERRORS * (crossovers.MOST / 400) ** 0.5
    assert own > 2 * guarded
