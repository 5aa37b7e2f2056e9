import random
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.errors import BadInput, EnvironmentFault
from latbench.measure import spawn
from latbench.measure.launch import LaunchRequest
from latbench.runtimes.base import SessionOptions, Source


@pytest.fixture
def launch(tmp_path):
    reference = tmp_path / "reference.npz"
    x = np.ones((2, 3), np.float32)
    np.savez(reference, **{"input:x": x, "output:output": x})

    def launch(timeout=120.0, spinning=None, **kwargs):
        options = SessionOptions(threads=2, spinning=spinning)
        request = LaunchRequest(Source("module", kwargs=kwargs), "fake", options, 10, 4, str(reference))
        return spawn.launch(request, timeout, random.Random(0))

    return launch


def test_a_fresh_process_measures(launch):
    result = launch(spinning=False)
    assert (result.status, result.reason) == ("ok", None)
    assert len(result.samples_ns) == 10
    assert result.parity["max_abs"] == 0
    assert result.facts["spinning"] is False
    assert result.wall_ns > sum(result.samples_ns)


def test_a_failure_brings_the_message_back(launch):
    result = launch(fail_in_prepare="no kernel for Foo")
    assert (result.status, result.reason) == ("failed", "RuntimeError: no kernel for Foo")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGINT])
def test_a_crash_names_the_signal(launch, number):
    result = launch(kill=int(number))
    assert result.status == "crashed"
    assert signal.Signals(number).name in result.reason


def test_a_hang_ends_at_the_timeout(launch):
    result = launch(timeout=0.5, hang_in_prepare=True)
    assert result.status == "timeout"
    assert result.reason.startswith("no result after 0.5 s")


def test_exhausted_memory_is_told_apart(launch):
    assert launch(exhaust_memory=True).status == "oom"


def test_a_garbage_result_is_a_failure(launch):
    result = launch(scribble='{"status": "ok", "samples_ns": [1, 2')
    assert (result.status, result.samples_ns) == ("failed", ())
    assert result.reason.startswith("exit code 0, its result is not JSON: ")


def test_an_early_exit_brings_the_last_words(launch):
    result = launch(chatter_in_prepare=200_000, quit_in_prepare=3)
    assert result.status == "failed"
    assert result.reason.startswith("exit code 3 without a readable result: chatter | chatter")
    assert len(result.reason) < 1000


def test_the_child_can_import_what_the_parent_can(tmp_path, monkeypatch):
    (tmp_path / "own_factory.py").write_text("def make():\n    raise ValueError('reached')\n")
    monkeypatch.syspath_prepend(tmp_path)
    source = Source("module", factory="own_factory:make")
    request = LaunchRequest(source, "pytorch", SessionOptions(threads=1), 1, 1, None)
    result = spawn.launch(request, 300.0, random.Random(0))
    assert (result.status, result.reason) == ("failed", "ValueError: reached")


def test_an_unknown_runtime_is_refused_before_anything_starts():
    request = LaunchRequest(Source("module"), "fke", SessionOptions(), 1, 1, None)
    with pytest.raises(BadInput, match="did you mean 'fake'"):
        spawn.launch(request, None, random.Random(0))


def test_an_unusable_temporary_folder_names_the_mend(launch, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(EnvironmentFault, match="TMPDIR"):
        launch()


def test_padding_differs_between_launches_but_not_between_reruns():
    def sizes(seed):
        rng = random.Random(seed)
        return [len(spawn.environment({}, rng)[spawn.PADDING]) for _ in range(20)]

    assert sizes(1) == sizes(1)
    assert len(set(sizes(1))) > 10
    assert all(0 <= size < 4096 for size in sizes(1))


def test_the_runtimes_variables_reach_the_environment(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    environ = spawn.environment({"OMP_WAIT_POLICY": "passive"}, random.Random(0))
    assert environ["OMP_WAIT_POLICY"] == "passive"
    assert str(Path(spawn.__file__).parents[2]) in environ["PYTHONPATH"].split(":")


@pytest.mark.parametrize(
    ("ending", "status", "reason"),
    [
        ((-9, "", False, "no result after 5 s"), "timeout", "no result after 5 s"),
        ((-9, "loading", False, "no result after 5 s"), "timeout", "no result after 5 s: loading"),
        ((-9, "", True, None), "oom", "the kernel killed the measuring process: out of memory"),
        ((-9, "", False, None), "crashed", "ended by SIGKILL"),
        ((-11, "last", True, None), "crashed", "ended by SIGSEGV: last"),
        ((-6, "what(): std::bad_alloc", False, None), "oom", "what(): std::bad_alloc"),
        ((-63, "", False, None), "crashed", "ended by signal 63"),
        ((1, "x: Cannot allocate memory", False, None), "oom", "x: Cannot allocate memory"),
        (
            (0, "out of memory?", False, None),
            "failed",
            "exit code 0 without a readable result: out of memory?",
        ),
        ((0, "", False, None, "it brought nothing"), "failed", "exit code 0, it brought nothing"),
        ((-9, "", False, "no result after 5 s", "it brought nothing"), "timeout", "no result after 5 s"),
        (
            (1, "ImportError: x", False, None),
            "failed",
            "exit code 1 without a readable result: ImportError: x",
        ),
        ((0, "", False, None), "failed", "exit code 0 without a readable result"),
    ],
)
def test_judgement(ending, status, reason):
    result = spawn.judge(*ending)
    assert (result.status, result.reason) == (status, reason)


@given(st.binary(max_size=3000))
def test_the_tail_is_one_printable_line(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("tail") / "output"
    path.write_bytes(content)
    line = spawn.tail(path)
    assert line.isprintable()
    assert len(line) <= 600


def test_a_file_that_is_gone_has_no_tail(tmp_path):
    assert spawn.tail(tmp_path / "absent") == ""


def test_the_tail_holds_the_last_lines(tmp_path):
    (tmp_path / "output").write_text("\n".join(map(str, range(100_000))) + "\n\n")
    assert spawn.tail(tmp_path / "output") == "99995 | 99996 | 99997 | 99998 | 99999"
