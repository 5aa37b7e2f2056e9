"""Intervals hold the truth as often as they say, and no percentile is printed without its licence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import coverage, stopping, worlds

from latbench import stats

FEW, ERRORS = 150, 3.5
PERCENTILES = {0.9: "p90", 0.95: "p95", 0.99: "p99", 0.999: "p99_9"}
COLUMN = {one.name: one.compute for one in stats.statistics()}


def broken(findings, errors=0.0):
    return [one for one in findings if not one.met(errors)]


def test_the_headline_covers_in_a_few_runs():
    assert not broken(coverage.findings(FEW), ERRORS)


@pytest.mark.slow
def test_the_headline_covers_as_often_as_it_says():
    assert not broken(coverage.findings(1000))


def test_a_biased_interval_would_be_seen(monkeypatch):
    """The check can fail: intervals a fifth as wide do not pass."""
    narrow = stats.launch_interval
    monkeypatch.setattr(stats, "launch_interval", lambda launches: narrow(launches, 0.4))
    assert len(broken(coverage.findings(FEW), ERRORS)) == len(coverage.PROMISED)


def test_a_run_stopped_at_its_target_covers_in_a_few_runs():
    assert not broken(stopping.precision(400), ERRORS)


@pytest.mark.slow
def test_a_run_stopped_at_its_target_covers_as_often_as_it_says():
    assert not broken(stopping.precision(1000))


def test_no_percentile_without_its_licence():
    assert not broken(stopping.licences(200), ERRORS)


@settings(max_examples=150)
@given(
    st.integers(1, 6),
    st.integers(1, 400),
    st.sampled_from([worlds.independent, worlds.autoregressive, worlds.heavy_tailed, worlds.regimes]),
    st.integers(0, 2**32),
)
def test_a_percentile_is_printed_if_and_only_if_it_is_licensed(launches, samples, world, seed):
    """The licence worked out anew: two or more of the effective samples above it, in 99 of 100 cases."""
    shape = (1, launches, samples)
    cell = tuple(worlds.nanoseconds(world(np.random.default_rng(seed), shape))[0])
    effective = int(stats.effective_sample_size(cell))
    for p, name in PERCENTILES.items():
        at_most_one = p**effective + effective * p ** (effective - 1) * (1 - p)
        told = COLUMN[f"latency_{name}_ms"](cell)
        assert (told is not None) == (at_most_one <= 0.01)
        assert told is None or round(told * 1e6) in np.concatenate(cell)
