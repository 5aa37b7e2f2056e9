import signal

import pytest

from latbench.cli import measuring
from latbench.errors import Exit
from latbench.pipeline import run
from latbench.pipeline.options import RunOptions


def test_an_interrupt_becomes_the_sentence_that_goes_on(monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run", stopped)
    with pytest.raises(
        measuring.Interrupted, match="kept in latbench-results, and the same command"
    ) as caught:
        measuring.measured(RunOptions(names=("efficientmod_s",)))
    assert caught.value.exit_code is Exit.INTERRUPTED


def test_the_outcome_is_passed_on(monkeypatch):
    monkeypatch.setattr(run, "run", lambda options, watch, command: (options.names, command[0]))
    assert measuring.measured(RunOptions(names=("efficientmod_s",))) == (("efficientmod_s",), "latbench")


def test_a_jobs_end_is_taken_for_an_interrupt(monkeypatch):
    def terminated(*_):
        signal.raise_signal(signal.SIGTERM)

    kept = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(run, "run", terminated)
    with pytest.raises(measuring.Interrupted, match="the same command goes on"):
        measuring.measured(RunOptions(names=("efficientmod_s",)))
    assert signal.getsignal(signal.SIGTERM) is kept
