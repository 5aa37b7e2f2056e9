import json
import sys

import pytest

from latbench.errors import BadInput
from latbench.measure.launch import LaunchResult
from latbench.pipeline import compare as module
from latbench.pipeline.options import share_of
from latbench.records import CellPlan, CellRecord, LaunchRecord, RunRecord, Store, csvfile, read, rows


@pytest.fixture
def session(graph, tmp_path):
    """The words of a small session of the fake runtime."""
    base = graph(name="base.onnx")
    head = tmp_path / "head.onnx"
    head.write_bytes(base.read_bytes())
    small = ("--runtime", "fake", "--threads", 1, "--blocks", 3, "--per-launch", 2, "--warmup", 0)
    return ("compare", base, head, *small, "--output", tmp_path / "session")


@pytest.fixture
def stored(tmp_path):
    """Makes results directories of one cell, its launches taking what is asked for in ms."""

    def make(name, latency, cpus=2):
        source = {"kind": "onnx", "path": "m.onnx", "factory": None, "kwargs": {}}
        cell = CellPlan(model="m", input_shape="1x3x8x8", target="given", runtime="fake", source=source)
        machine = {"cpu_model": "C", "usable_cpus": cpus}
        run = RunRecord(
            run_id=f"run-{name}",
            created="2025-01-02T03:04:05+00:00",
            command=("latbench", "run", "m"),
            cells=(cell,),
            iterations=4,
            launches=4,
            warmup=0,
            machine=machine,
        )
        folder = tmp_path / name
        with Store.open(folder) as store:
            store.append(run)
            for index in range(4):
                result = LaunchResult("ok", samples_ns=(round(1e6 * latency) + index,))
                store.append(
                    LaunchRecord(run_id=run.run_id, cell_id=cell.cell_id, index=index, result=result)
                )
            store.append(CellRecord(run_id=run.run_id, cell_id=cell.cell_id, status="ok"))
        csvfile.write(rows(read(folder)), folder / "latency.csv")
        return folder

    return make


@pytest.mark.slow
def test_a_session_is_measured_shown_and_shown_again(latbench, session, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["latbench", *map(str, session)])
    code, out, err = latbench(*session)
    assert code in (0, 1, 3)
    assert out.split()[0] in ("SAME", "FASTER", "SLOWER", "UNDECIDED", "UNTRUSTED")
    assert "shows this again" in err
    assert "A / A (99 %)" in out
    assert len(read(tmp_path / "session").launches) == 12
    again, shown, _ = latbench("compare", tmp_path / "session")
    assert (again, shown) == (code, out)
    told = json.loads(latbench("compare", tmp_path / "session", "--format", "json")[1])
    assert told["exit_code"] == code
    assert told["redo"].startswith("latbench compare ")
    assert len(read(tmp_path / "session").launches) == 12


def test_stored_results_gate(latbench, stored):
    old, same, slow = stored("old", 2.0), stored("same", 2.0), stored("slow", 3.0)
    assert latbench("compare", old, slow)[0] == 1
    assert latbench("compare", slow, old)[0] == 0
    code, out, _ = latbench("compare", old, same, "--format", "markdown")
    assert code == 0
    assert out.startswith("### latbench compare: SAME")
    code, out, _ = latbench("compare", old / "latency.csv", slow, "--format", "json")
    assert json.loads(out)["exit_code"] == code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("m",), "m is one cell, and nothing to compare it with is named"),
        (("old.csv", "new.csv"), "There is no old.csv"),
        (("m", "n", "--margin", "0"), "--margin 0 is no share"),
        (("m", "n", "--format", "html"), "--format 'html' does not exist"),
        (("m", "n", "--blocks", 2), "--blocks 2 is too small; use 3 or more"),
        (("m", "n", "--per-launch", 0), "--per-launch 0 is too small"),
        (("m", "n", "--allow", "machine"), "--allow machine is for stored results"),
        (("m@x", "n"), "'x' is neither a runtime nor a precision"),
        (("m@openvino", "n"), "write n@openvino, or give --runtime"),
        (("m", "n", "--runtime", "openvimo"), "did you mean 'openvino'"),
        (("efficientmod_ss", "efficientmod_s"), "did you mean efficientmod_s"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(refused, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    assert told in refused(2, "compare", *words)
    assert list(tmp_path.iterdir()) == []


def test_results_and_a_cell_do_not_mix(refused, stored, tmp_path):
    old = stored("old", 2.0)
    assert "holds results and m does not" in refused(2, "compare", old, "m")
    assert "holds results and m does not" in refused(2, "compare", "m", old)
    (tmp_path / "empty").mkdir()
    assert "empty is a directory without results" in refused(2, "compare", old, tmp_path / "empty")


def test_results_without_a_session_are_refused(refused, stored):
    old = stored("old", 2.0)
    assert "hold no comparison" in refused(2, "compare", old)
    assert "hence no session to show" in refused(2, "compare", old / "latency.csv")


def test_stored_results_that_differ_are_refused_and_allowed_by_name(refused, latbench, stored):
    old, new = stored("old", 2.0), stored("new", 3.0, cpus=4)
    sentence = refused(2, "compare", old, new)
    assert "usable_cpus (2 against 4)" in sentence
    assert "--allow machine" in sentence
    code, out, _ = latbench("compare", old, new, "--allow", "machine")
    assert code == 1
    assert "Differences allowed: machine." in out
    assert "--allow 'cpu' is no difference" in refused(2, "compare", old, new, "--allow", "cpu")


def test_the_options_reach_the_session(refused, monkeypatch):
    seen = []

    def remember(baseline, candidate, options, **rest):
        seen.append((baseline, candidate, options, rest["margin"]))
        raise BadInput("enough.")

    monkeypatch.setattr(module, "compare", remember)
    words = (
        "--blocks",
        7,
        "--per-launch",
        30,
        "--margin",
        "5 %",
        "--expand",
        "repeat",
        "--precision",
        "bf16",
        "--set",
        "fake.level=2",
    )
    refused(2, "compare", "a@fake", "b@fake", *words, "--seed", 3, "--fresh", "--timeout", 5, "--opset", 19)
    ((baseline, candidate, options, margin),) = seen
    assert (baseline, candidate, margin) == ("a@fake", "b@fake", 0.05)
    assert (options.launch_count, options.iteration_count, options.forms) == (
        14,
        420,
        {"expand": ("repeat",)},
    )
    assert (options.precision, options.seed, options.fresh, options.timeout) == ("bf16", 3, True, 5.0)
    assert (options.opset, options.threads, options.runtimes) == (19, 4, ())
    assert options.knobs == {"fake": {"level": 2}}
    assert options.output.parts == ("latbench-results", "compare")


@pytest.mark.parametrize(("text", "share"), [("2%", 0.02), ("2 %", 0.02), ("0.02", 0.02), ("0.5%", 0.005)])
def test_a_margin_is_a_share(text, share):
    assert share_of("--margin", text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "two", "0%", "-1%", "2", "100%", "nan", "inf"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(BadInput, match="is no share"):
        share_of("--margin", text)
