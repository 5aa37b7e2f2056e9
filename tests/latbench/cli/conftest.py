import json
from pathlib import Path

import pytest

from latbench.cli.app import invoke


@pytest.fixture
def latbench(capfd: pytest.CaptureFixture[str]):
    """Runs a command in this process; returns (exit code, stdout, stderr)."""

    def run(*words: object) -> tuple[int, str, str]:
        code = invoke([str(word) for word in words])
        told = capfd.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def refused(latbench):
    """Runs a command that must be refused with one sentence on stderr and no traceback; returns it."""

    def run(code: int, *words: object) -> str:
        ended, out, err = latbench(*words)
        lines = [line for line in err.splitlines() if line.startswith("latbench: ")]
        assert (ended, out) == (code, "")
        assert len(lines) == 1
        assert err.endswith(f"{lines[0]}\n")
        assert "Traceback" not in err
        return lines[0]

    return run


@pytest.fixture
def graph(tmp_path: Path):
    """Writes an ONNX file, y = x, of the given shape."""

    def write(shape=(1, 3, 8, 8), name="identity.onnx") -> Path:
        import onnx
        from onnx import helper

        given = [helper.make_tensor_value_info("x", 1, shape)]
        made = [helper.make_tensor_value_info("y", 1, shape)]
        built = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", given, made)
        path = tmp_path / name
        onnx.save(helper.make_model(built, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)
        return path

    return write


@pytest.fixture(scope="session")
def surveyed():
    """What a survey told, by what it was asked."""
    return {}


@pytest.fixture
def small(graph, tmp_path, monkeypatch, surveyed):
    """The words of a small run of the fake runtime into `tmp_path / "results"`.

    A survey is made once a session and references in this process; launches are processes as always.
    """
    from latbench.pipeline import plan, run
    from latbench.pipeline.worker import TASKS

    real = run.call

    def call(task, asked, *rest):
        key = json.dumps(asked, sort_keys=True)
        if key not in surveyed:
            surveyed[key] = real(task, asked, *rest)
        return surveyed[key]

    monkeypatch.setattr(run, "call", call)
    monkeypatch.setattr(plan, "call", lambda task, asked, **_: TASKS[task](**asked))
    words = ("--runtime", "fake", "--threads", 1, "--launches", 2, "--iterations", 4, "--warmup", 0)
    return ("run", graph(), *words, "--output", tmp_path / "results")
