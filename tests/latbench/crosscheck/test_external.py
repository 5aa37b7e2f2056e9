import random
import sys

import pytest

from latbench.crosscheck.external import launch
from latbench.errors import EnvironmentFault


def run(code, output, timeout=60.0, added=None):
    return launch([sys.executable, "-c", code], added or {}, output, timeout, random.Random(0))


def test_both_streams_are_returned_and_kept(tmp_path):
    code = "import os, sys; print(os.environ['EXTRA']); print('and', file=sys.stderr)"
    ended = run(code, tmp_path / "said.txt", added={"EXTRA": "this"})
    assert ended.reason is None
    assert ended.output.split() == ["this", "and"]
    assert (tmp_path / "said.txt").read_text() == ended.output


def test_a_failure_says_its_code_and_last_lines(tmp_path):
    ended = run("print('no such device'); raise SystemExit(3)", tmp_path / "said.txt")
    assert ended.reason == "exit code 3: no such device"


def test_one_that_never_ends_is_ended(tmp_path):
    ended = run("import threading; threading.Event().wait()", tmp_path / "said.txt", timeout=0.5)
    assert ended.reason == "no end after 0.5 s"


def test_a_program_that_is_not_there_is_told(tmp_path):
    ended = launch(["no-such-benchmark"], {}, tmp_path / "said.txt", 5.0, random.Random(0))
    assert "no-such-benchmark cannot be started" in ended.reason


def test_output_that_cannot_be_kept_is_the_environments_fault(tmp_path):
    with pytest.raises(EnvironmentFault, match="--output"):
        run("print(1)", tmp_path / "missing" / "said.txt")
