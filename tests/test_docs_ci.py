"""The scripts of docs/ci.md, run as they stand there, on a small model and with few launches."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
SCRIPTS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
WORKFLOW = re.search(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
SMALL = {
    "compare": "--runtime onnxruntime --blocks 3 --per-launch 2 --warmup 0",
    "run": "--runtime onnxruntime --launches 3 --iterations 6 --warmup 0",
}
MODEL = "from torch import nn\n\ndef make():\n    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())\n"


@pytest.fixture
def repository(tmp_path):
    """A repository of one's own model with two commits; returns a function that runs a script in it."""
    head, shims = tmp_path / "head", tmp_path / "bin"
    for folder in (head, shims):
        folder.mkdir()
    shim = shims / "latbench"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m latbench "$@"\n')
    shim.chmod(0o755)
    told = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    path = os.pathsep.join((str(shims), os.environ["PATH"]))
    environ = {**os.environ, **told, "PATH": path, "PYTHONPATH": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull}

    def run(script: str, *words: str) -> subprocess.CompletedProcess:
        command = ["sh", "-c", script, "sh", *words]
        return subprocess.run(command, cwd=head, env=environ, capture_output=True, text=True, check=False)

    (head / "mymodels.py").write_text(MODEL)
    (head / "ci").mkdir()
    begun = run("git init -q && git add -A && git commit -qm base && git commit -qm head --allow-empty")
    assert begun.returncode == 0, begun.stderr
    return run


def small(script: str) -> str:
    """Return `script` with its measurements small; one without a runtime measures nothing."""
    for command, options in SMALL.items():
        script = re.sub(rf"(latbench {command} .*)--runtime onnxruntime", rf"\1{options}", script)
    return script


@pytest.mark.slow
def test_the_scripts_do_what_the_page_says(repository):
    live, once, each = map(small, SCRIPTS)
    done = repository(live, "HEAD~1")
    assert done.returncode in (0, 1, 3), done.stderr
    verdicts = {"SAME", "FASTER", "SLOWER", "UNDECIDED", "UNTRUSTED"}
    (verdict,) = (line for line in done.stdout.splitlines() if line in verdicts)
    comment = repository("cat comment.md").stdout
    assert comment.startswith(f"### latbench compare: {verdict}\n")
    assert "base/exported/mymodels" in comment
    prepared = repository(once)
    assert prepared.returncode == 0, prepared.stderr
    compared = repository(each)
    assert compared.returncode in (0, 1, 3), compared.stderr
    assert "mymodels" in compared.stdout
    assert "old / new (95 %)" in compared.stdout


def test_every_measurement_of_the_page_is_made_small():
    for script in SCRIPTS:
        assert script.count("--runtime onnxruntime") == sum(map(small(script).count, SMALL.values())) == 1


def test_the_job_calls_the_script_and_reads_what_it_leaves():
    name = re.match(r"# (\S+\.sh) BASE", SCRIPTS[0])[1]
    assert f"run: sh {name} ${{{{ github.event.pull_request.base.sha }}}}" in WORKFLOW
    left = re.search(r"--format markdown > (\S+)", SCRIPTS[0])[1]
    assert WORKFLOW.count(left) == 2
    assert WORKFLOW.count("if: always()") == 2


def test_the_codes_of_the_page_are_those_of_the_command():
    from latbench.errors import Exit

    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert codes == {
        Exit.OK,
        Exit.SLOWER,
        Exit.BAD_INPUT,
        Exit.UNDECIDED,
        Exit.ROWS_NOT_OK,
        Exit.ENVIRONMENT,
    }
