import json

import pytest

from latbench.machine.checks.base import Finding
from latbench.pipeline import checkup


@pytest.fixture(autouse=True)
def runtimes(monkeypatch):
    found = (Finding("ok", "9.9", key="runtime_x", title="Runtime x"),)
    monkeypatch.setattr(checkup, "runtime_findings", lambda: found)


def test_machine_and_runtimes_are_told_for_people(latbench):
    code, out, err = latbench("doctor")
    assert (code, err) == (0, "")
    assert "Runtime x" in out
    assert " checks: " in out


def test_and_for_programs(latbench):
    _, out, _ = latbench("doctor", "--format", "json")
    assert json.loads(out)[-1]["key"] == "runtime_x"


def test_engines_kept_in_the_results_are_told(latbench, tmp_path):
    kept = tmp_path / "artifacts" / "engines"
    kept.mkdir(parents=True)
    (kept / "one.engine").write_bytes(b"12")
    _, out, _ = latbench("doctor", "--format", "json", "--output", tmp_path)
    assert [one["status"] for one in json.loads(out) if one["key"] == "engines"] == ["ok"]
    assert str(kept) in out


@pytest.mark.parametrize("words", [("--format", "csv"), ("--threads", 0)])
def test_what_it_cannot_do_is_refused(refused, words):
    assert str(words[1]) in refused(2, "doctor", *words)
