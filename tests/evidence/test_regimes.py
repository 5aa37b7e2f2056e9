"""Levels that are there are found, those that are not are not, and a second run finds the same."""

import pytest
from simulated import regimes

FEW, ERRORS = 25, 3.5


def broken(findings, errors=0.0):
    return [one for one in findings if not one.met(errors)]


def test_one_level_is_one_in_a_few_trials():
    assert not broken(regimes.single(FEW), ERRORS)


def test_two_levels_are_found_in_a_few_trials():
    assert not broken(regimes.double(FEW), ERRORS)


@pytest.mark.slow
def test_levels_are_found_as_often_as_promised():
    assert not broken(regimes.single(200))
    assert not broken(regimes.double(400))
