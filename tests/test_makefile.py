"""The Makefile's promises, with a Python that only writes down what it is asked to do."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TARGETS = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()

# Stands in for python3, and for the environment's own Python once it has "made" an environment.
STUB = """#!/bin/sh
echo "$*" >>"$LOG"
case "$*" in
*"-m venv"*) for folder; do :; done; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python" ;;
*"$FAILS"*) exit 1 ;;
esac
"""


@pytest.fixture
def make(tmp_path):
    """Return a function that runs make with the stub; its `log` is what the stub was then asked to do."""
    stub, log = tmp_path / "python", tmp_path / "log"
    stub.write_text(STUB)
    stub.chmod(0o755)

    def run(*arguments, fails="nothing", python=stub):
        log.write_text("")
        command = ["make", f"VENV={tmp_path / 'venv'}", f"PYTHON={python}", *arguments]
        outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        environ = {**outer, "LOG": str(log), "FAILS": fails}
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        run.log = log.read_text()
        return done

    return run


def test_make_alone_lists_every_target_with_what_it_does(make):
    listed = re.findall(r"^  ([a-z-]+) +\S.*", make().stdout, re.MULTILINE)
    assert sorted(listed) == sorted(TARGETS)


def test_run_takes_model_and_threads(make):
    make("run", "MODEL=mbconv_hier", "THREADS=2")
    assert "-m latbench run mbconv_hier --device cpu --threads 2" in make.log


def test_set_up_is_done_once_and_torch_comes_first(make):
    assert make("setup").returncode == 0
    installed = re.findall(r"pip install .*?(\S+)$", make.log, re.MULTILINE)
    assert installed[:2] == ["torch==2.13.0", ".[dev]"]
    assert [name.partition("==")[0] for name in installed[2:]] == ["tensorrt-cu13-bindings"] * 2
    make("setup")
    assert make.log == ""


def test_set_up_cut_short_begins_again(make):
    assert make("setup", fails="torch").returncode != 0
    assert make("setup").returncode == 0
    assert "-m venv --clear" in make.log


def test_a_machine_without_wheels_of_tensorrt_is_set_up_all_the_same(make):
    done = make("setup", "TENSORRT=11.4.0.106", fails="tensorrt")
    assert done.returncode == 0
    assert (
        "no wheel of TensorRT 11.4.0.106 for this machine: tests of its signatures are skipped" in done.stdout
    )
    make("setup")
    assert make.log == ""


def test_signatures_of_tensorrt_that_are_there_are_not_fetched_again(make, tmp_path):
    (tmp_path / "venv/contracts/tensorrt-11/tensorrt_cu13_bindings-11.4.0.106.dist-info").mkdir(parents=True)
    make("setup", "TENSORRT=10.16.1.11 11.4.0.106")
    assert re.findall(r"--target \S+/(tensorrt-\d+) (\S+)$", make.log, re.MULTILINE) == [
        ("tensorrt-10", "tensorrt-cu13-bindings==10.16.1.11")
    ]


def test_a_changed_project_is_installed_into_the_same_environment(make):
    make("setup")
    assert make("setup", "--what-if=pyproject.toml").returncode == 0
    assert "pip install" in make.log
    assert "venv --clear" not in make.log


def test_a_python_too_old_is_told_in_one_sentence(make):
    done = make("setup", fails="version_info")
    assert done.returncode != 0
    assert done.stderr.startswith("latbench needs Python 3.11 or newer")


def test_a_missing_python_is_told_in_one_sentence(make):
    done = make("setup", python="no-such-python")
    assert "no-such-python is missing" in done.stderr.splitlines()[0]
