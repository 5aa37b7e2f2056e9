"""What the tests of faults share: models of the fake runtime, and the command in a process of its own."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from latbench.records import TABLE, csvfile, read
from latbench.runtimes.fake import MISFORTUNES

REMEMBERING = Path(__file__).with_name("remembering.py")


@pytest.fixture
def model(tmp_path):
    """Writes an ONNX file, y = x, and returns its path."""
    import onnx
    from onnx import helper

    def write(name: str) -> Path:
        given = [helper.make_tensor_value_info("x", 1, (1, 3, 4, 4))]
        made = [helper.make_tensor_value_info("y", 1, (1, 3, 4, 4))]
        graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", given, made)
        path = tmp_path / f"{name}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)
        return path

    return write


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


class Command:
    """`latbench run` of the fake runtime into `results`, started in a process of its own."""

    def __init__(self, words, results, environ):
        self.words, self.results, self.environ = [str(word) for word in words], results, environ

    def start(self):
        return subprocess.Popen(
            self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environ
        )

    def go(self):
        """Return the exit code and what was said on stderr."""
        with self.start() as process:
            _, said = process.communicate()
        return process.returncode, said

    def rows(self):
        """Return the rows of the CSV by model."""
        return {Path(row["model"]).stem: row for row in csvfile.read(self.results / TABLE)}

    def records(self):
        return read(self.results)


@pytest.fixture
def environ(tmp_path):
    """The environment of a command: this import path, and a temporary folder that goes with the test."""
    (tmp_path / "tmp").mkdir()
    paths = [str(Path(entry or ".").resolve()) for entry in sys.path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(tmp_path / "tmp")}


@pytest.fixture(scope="session")
def memory(tmp_path_factory):
    """Where workers' answers are kept; those about a file of one test alone are its own."""
    return tmp_path_factory.mktemp("memory")


@pytest.fixture
def command(memory, model, results, environ):
    """Makes commands that run the models named; `misfortunes` are keywords of the fake runtime by model."""

    def make(*names, misfortunes=None, launches=1, each=3, **options):
        words = [sys.executable, REMEMBERING, memory, "run", *map(model, names)]
        words += ["--runtime", "fake", "--threads", 1, "--warmup", 0, "--output", results]
        words += ["--launches", launches, "--iterations", launches * each]
        for option, value in options.items():
            words += [f"--{option}", value]
        return Command(words, results, {**environ, MISFORTUNES: json.dumps(misfortunes or {})})

    return make


@pytest.fixture
def remembered(memory, monkeypatch):
    """Workers of runs in this process answer once and are remembered."""
    import latbench.pipeline.run  # noqa: F401 - with all modules that took `call` along
    from latbench.pipeline import child

    found = importlib.util.spec_from_file_location("remembering", REMEMBERING)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    call, real = module.remember(memory), child.call
    for name, one in list(sys.modules.items()):
        if name.startswith("latbench.pipeline.") and getattr(one, "call", None) is real:
            monkeypatch.setattr(one, "call", call)


@pytest.fixture
def ended():
    """Blocks until the process of a pid has ended, at most half a minute; tells whether it has."""
    import select

    def wait(pid: int) -> bool:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([descriptor], [], [], 30)[0])
        finally:
            os.close(descriptor)

    return wait
