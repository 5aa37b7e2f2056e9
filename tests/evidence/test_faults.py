"""Each fault is told by its flag, and a sound cell by none."""

import numpy as np
import pytest
from simulated import alarms, faults

FACTS = ("oversubscribed", "provider_differs", "precision_differs", "denormals", "throttled", "stolen")


def broken(findings, errors):
    return [one for one in findings if not one.met(errors)]


@pytest.mark.parametrize("name", faults.FAULTS)
def test_a_fault_is_caught_in_a_few_trials(name):
    assert alarms.caught(name, 10) >= 0.8


@pytest.mark.parametrize("world", faults.SOUND)
def test_a_sound_cell_is_mostly_left_alone(world):
    assert all(share <= 0.3 for share in alarms.raised(world, 10).values())


def test_a_fault_that_is_read_off_a_counter_leaves_the_other_flags_alone():
    generator = np.random.default_rng(0)
    for name in FACTS:
        cell = faults.steady(generator)
        faults.FAULTS[name](generator, cell)
        assert faults.flagged(cell, generator) & set(FACTS) == {name}


@pytest.mark.slow
def test_faults_are_caught_and_sound_cells_are_not_blamed():
    assert not broken(alarms.findings(50), errors=1)
