"""The benchmark of a GPU: steps are taken once, go on where they stopped, and say why they cannot run."""

import csv
import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("bench_gpu", ROOT / "bench" / "gpu.py")
gpu = importlib.util.module_from_spec(_SPEC)
sys.modules["bench_gpu"] = gpu
_SPEC.loader.exec_module(gpu)

HANG = "import threading; print('begun', flush=True); threading.Event().wait()"


def step(name, code, limit_s=60.0, **kept):
    return gpu.Step(name, (sys.executable, "-c", code), limit_s, **kept)


@pytest.fixture
def out(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path


def test_what_is_done_is_not_done_again(out):
    count = f"open({str(out / 'count')!r}, 'a').write('x')"
    asked, told = [step("one", count)], {}
    assert gpu.go(asked, out, 100, told)
    assert gpu.go(asked, out, 100, gpu.read(out))
    assert (out / "count").read_text() == "x"
    assert gpu.read(out)["one"].status == "done"


@pytest.mark.parametrize(
    ("code", "status"), [(0, "done"), (5, "done"), (6, "unavailable"), (1, "failed"), (2, "failed")]
)
def test_an_exit_code_of_latbench_says_how_a_step_ended(out, code, status):
    told = {}
    asked = [step("one", f"print('no card here'); raise SystemExit({code})")]
    assert gpu.go(asked, out, 100, told)
    assert (told["one"].status, told["one"].code) == (status, code)
    assert ("no card here" in gpu.summary(asked, told)) is (code != 0)


def test_a_step_that_takes_longer_than_a_call_is_stopped_and_goes_on(out):
    begun = gpu.take(step("one", HANG, 50), gpu.Told(), 1.5, out / "log")
    assert (begun.status, begun.last) == ("unfinished", "begun")
    again = gpu.take(step("one", HANG, begun.seconds + 1), begun, 1.5, out / "log")
    assert again.status == "cut"
    assert again.seconds > begun.seconds


def test_without_time_left_nothing_is_begun(out):
    told = {}
    assert not gpu.go([step("one", "pass")], out, gpu.GRACE_S, told)
    assert told["one"].seconds == 0
    assert json.loads((out / gpu.STATE).read_text())["steps"]["one"]["status"] == "unfinished"


def test_the_answers_are_copied_out(out):
    folder = out / "work" / "one"
    folder.mkdir()
    code = f"open({str(folder / 'latency.csv')!r}, 'w').write('a\\n')"
    asked = [step("one", code, folder=folder, kept={"latency.csv": "one.csv", "none.csv": "none.csv"})]
    gpu.go(asked, out, 100, {})
    assert (out / "one.csv").read_text() == "a\n"
    assert not (out / "none.csv").exists()


def test_the_steps_for_a_gpu_cover_what_is_asked():
    found = {one.name: one for one in gpu.steps(Path("/out"), "cuda", tiny=False)}
    assert list(found) == [
        *("suite", "latency_fp32", "latency_tf32", "latency_fp16"),
        *("crossover_pytorch", "crossover_onnxruntime", "crossover_tensorrt", "expand"),
    ]
    words = found["crossover_pytorch"].words
    assert {"cuda", "7:448", "32,96,192,384", "h,w"} <= set(words)
    assert {"tf32", "torch_cudagraph", "onnxruntime_tensorrt"} <= set(found["latency_tf32"].words)
    assert any(word.startswith("tests/") for word in found["suite"].words)
    assert sum(one.limit_s for one in found.values()) < 45 * 60


@pytest.mark.slow
def test_steps_work_in_small_on_a_cpu(tmp_path, monkeypatch, capsys):
    words = ["--out", str(tmp_path), "--device", "cpu", "--tiny", "--budget", "3600"]
    some = [word for name in ("latency_fp32", "crossover_pytorch") for word in ("--only", name)]
    monkeypatch.setattr(sys, "argv", ["gpu.py", *words, *some])
    assert gpu.main() == 0, capsys.readouterr().out
    told = gpu.read(tmp_path)
    assert {one.status for one in told.values()} == {"done"}
    for name in ("latency_fp32", "crossover_pytorch_crossover", "crossover_pytorch_curves"):
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            assert list(csv.DictReader(file)), name
    assert "gpu.json and a log for each step" in capsys.readouterr().out
