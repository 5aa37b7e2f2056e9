import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import latbench as package
from latbench.cli.commands.run import allocation_hint
from latbench.errors import BadInput
from latbench.pipeline import run as module
from latbench.records import Store, csvfile, read
from latbench.runtimes.fake import MISFORTUNES

ROOT = Path(package.__file__).parents[1]


def test_the_table_goes_to_stdout_and_the_rest_to_stderr(latbench, small, tmp_path):
    code, out, err = latbench(*small)
    assert code == 0
    assert "fake" in out
    assert "latency ms" in out
    for word in (
        "Plan: 1 cell",
        "Time: not known",
        "Run ",
        "1 of 2 launches",
        "latency.csv holds every column",
    ):
        assert word in err
    (row,) = csvfile.read(tmp_path / "results" / "latency.csv")
    assert (row["status"], row["protocol"]) == ("ok", "launches")


def test_what_the_device_tells_arrives_in_the_csv_and_the_table(latbench, small, tmp_path, monkeypatch):
    told = {"device_ns": 700_000, "extra": {"copies": "inputs and outputs, inside host latency"}}
    monkeypatch.setenv(MISFORTUNES, json.dumps({"identity": told}))
    code, out, _ = latbench(*small, "--set", "fake.speed=2", "--set", "fake.mode=fancy")
    (row,) = csvfile.read(tmp_path / "results" / "latency.csv")
    assert (code, row["runtime_options"], row["copies"]) == (
        0,
        "mode=fancy;speed=2.0",
        told["extra"]["copies"],
    )
    assert (row["device_median_ms"], row["device_min_ms"]) == (0.35, 0.35)
    assert "device ms" in out
    assert "options mode=fancy;speed=2.0" in out
    (record,) = read(tmp_path / "results").runs
    assert {one.result.device_ns for one in read(tmp_path / "results").launches} == {(350_000, 350_000)}
    assert record.cells[0].knobs == "mode=fancy;speed=2.0"


def test_another_option_is_another_cell(latbench, small, tmp_path):
    for value in (1, 2):
        assert latbench(*small, "--set", f"fake.level={value}")[0] == 0
    rows = csvfile.read(tmp_path / "results" / "latency.csv")
    assert [row["runtime_options"] for row in rows] == ["level=1", "level=2"]
    assert rows[0]["cell_id"] != rows[1]["cell_id"]


def test_a_quick_run_is_labelled_and_says_what_it_reached(latbench, graph, tmp_path):
    words = (
        "--runtime",
        "fake",
        "--threads",
        1,
        "--quick",
        "--launches",
        2,
        "--output",
        tmp_path / "results",
    )
    code, _, err = latbench("run", graph(), *words)
    (row,) = csvfile.read(tmp_path / "results" / "latency.csv")
    assert (row["protocol"], row["looks"], row["precision_target_percent"]) == ("quick", "2", 5.0)
    assert code == (0 if row["status"] == "ok" else 5)
    assert row["status"] in ("ok", "not_converged")
    assert (row["latency_ci95_half_percent"] <= 5) == (row["status"] == "ok")
    assert "2 launches each, until the interval is within ± 5 %" in err
    assert "pilot of 2 launches: ± " in err


def test_a_skipped_row_is_fine(latbench, small):
    code, out, _ = latbench(*small, "--runtime", "pytorch")
    assert code == 0
    assert "skipped" in out


def test_a_row_that_is_not_ok_is_code_5(latbench, small, monkeypatch):
    from latbench.pipeline.execute import Execution

    go = Execution.go
    worse = {"status": "crashed", "reason": "SIGSEGV"}
    monkeypatch.setattr(Execution, "go", lambda self, verdicts: [row | worse for row in go(self, verdicts)])
    code, out, _ = latbench(*small)
    assert code == 5
    assert "SIGSEGV" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--threads", 0), "--threads 0"),
        (("--iterations", 4001), "use 4000 or 4010"),
        (("--runtime", "openvimo"), "did you mean 'openvino'"),
        (("efficientmod_ss",), "did you mean efficientmod_s"),
        (("efficientmod_iso_196x11", "--resolution", 225), "cannot take resolution 225"),
        (("none.onnx",), "There is no file none.onnx"),
        (("a:b:c",), "is no factory"),
        (("--precision-target", "1"), "--precision-target 1 is no share"),
        (("--precision-target", "1%", "--quick"), "give one of the two"),
        (("--precision-target", "1%", "--iterations", 100), "leave --iterations 100 out"),
        (("--time-limit", 5), "limits runs with --precision-target or --quick"),
        (("--quick", "--extend", 5), "leave it out with --quick"),
        (
            ("--set", "fake.level=9", "--runtime", "fake"),
            "--set fake.level=9: give a whole number from 0 to 5",
        ),
        (("--set", "fake.level=1"), "fake is not measured; add --runtime fake"),
        (("--set", "level=1"), "write RUNTIME.KNOB=VALUE with one of: "),
        (("--precision", "int3"), "use one of: bf16, fp16, fp32"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(refused, tmp_path, words, told):
    output = tmp_path / "results"
    assert told in refused(2, "run", *words, "--output", output)
    assert not output.exists()


def test_a_damaged_file_is_refused(refused, tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"damaged")
    assert "is damaged or no ONNX file" in refused(2, "run", tmp_path / "m.onnx")


def test_weights_outside_the_folder_are_refused(refused, graph):
    import onnx

    path = graph()
    model = onnx.load(path)
    tensor = model.graph.initializer.add(name="w", data_type=1, dims=[1], data_location=1)
    tensor.external_data.add(key="location", value="../weights.bin")
    path.write_bytes(model.SerializeToString())
    assert "outside its folder" in refused(2, "run", path)


def test_a_directory_that_cannot_be_made_is_code_6(refused, small, tmp_path):
    (tmp_path / "file").write_text("")
    assert "Cannot write" in refused(6, *small, "--output", tmp_path / "file" / "results")


def test_a_full_disk_is_code_6_and_loses_nothing(latbench, small, tmp_path, monkeypatch):
    from latbench.records import store

    write = store._write

    def full(descriptor, data):
        if b'"index":1' in data:
            raise OSError(28, "No space left on device")
        write(descriptor, data)

    monkeypatch.setattr(store, "_write", full)
    code, _, err = latbench(*small)
    assert code == 6
    assert err.splitlines()[-1].startswith("latbench: No space left to write")
    monkeypatch.undo()
    assert len(read(tmp_path / "results").launches) == 1
    assert latbench(*small)[0] == 0
    assert len(read(tmp_path / "results").launches) == 2


def test_a_second_writer_is_code_6(refused, small, tmp_path):
    with Store.open(tmp_path / "results"):
        assert f"process {os.getpid()}" in refused(6, *small)


def test_a_runtime_that_is_not_installed_is_code_6_when_nothing_else_runs(
    refused, graph, tmp_path, monkeypatch
):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "openvino.py").write_text("raise ImportError('no library')")
    monkeypatch.syspath_prepend(broken)
    sentence = refused(6, "run", graph(), "--runtime", "openvino", "--output", tmp_path / "results")
    assert "openvino cannot be imported: no library" in sentence
    assert 'pip install "latbench[openvino]"' in sentence


def test_an_interrupt_says_how_to_go_on(refused, small, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run", stop)
    monkeypatch.setattr(sys, "argv", ["latbench", *map(str, small)])
    sentence = refused(130, *small)
    assert "every finished launch is kept" in sentence
    assert f"latbench run {small[1]}" in sentence


def test_ctrl_c_kills_the_child_and_keeps_the_launches(graph, tmp_path):
    words = ["--runtime", "fake", "--threads", "1", "--launches", "50", "--iterations", "50", "--warmup", "0"]
    command = [sys.executable, "-m", "latbench", "run", str(graph()), *words, "--output", str(tmp_path / "r")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environ, start_new_session=True
    ) as parent:
        last = ""
        for line in parent.stderr:
            last = line
            if line.startswith("2 of 50 launches"):
                os.killpg(parent.pid, signal.SIGINT)
    assert parent.returncode == 130
    assert last.startswith("latbench: Interrupted; every finished launch is kept")
    records = read(tmp_path / "r")
    assert 2 <= len(records.launches) < 50
    assert {one.result.status for one in records.launches} == {"ok"}


def test_the_options_reach_the_run(latbench, monkeypatch):
    seen = []

    def remember(options, watch, command):
        seen.append(options)
        raise BadInput("enough.")

    monkeypatch.setattr(module, "run", remember)
    words = ("--protocol", "paper", "--runtime", "openvino", "--target", "fastest", "--spinning", "off")
    latbench("run", "efficientmod_s", *words, "--timeout", 5, "--seed", 3, "--fresh", "--opset", 19)
    (options,) = seen
    assert (options.protocol, options.launch_count, options.runtimes) == ("paper", 1, ("openvino",))
    assert (options.target, options.spinning, options.timeout) == ("fastest", "off", 5.0)
    assert (options.seed, options.fresh, options.opset) == (3, True, 19)
    assert options.threads == 4


def test_the_hint_names_what_the_widest_interval_needs():
    row = {
        "model": "m",
        "runtime": "r",
        "latency_ci95_half_percent": 2.0,
        "launches_for_1_percent": 37.0,
        "iterations_requested": 4000,
        "launches_requested": 10,
        "precision_target_percent": None,
    }
    wide = {**row, "model": "wide", "launches_for_1_percent": 50.0}
    assert "--launches 50 --iterations 20000 (wide on r" in allocation_hint([row, wide])
    assert allocation_hint([{**row, "latency_ci95_half_percent": 0.9}]) is None
    assert allocation_hint([{**row, "latency_ci95_half_percent": None}]) is None
    assert allocation_hint([{**row, "precision_target_percent": 1.0}]) is None


def test_each_lowering_is_asked_for_by_its_name(latbench, monkeypatch):
    seen = []
    monkeypatch.setattr(module, "run", lambda options, *_: seen.append(options) or stop())
    latbench("run", "parc_h_c4_7", "--parc", "spatial", "--parc", "crt2", "--layout", "blocked")
    assert seen[0].forms == {"layout": ("blocked",), "parc": ("spatial", "crt2")}


def stop():
    raise BadInput("enough.")


def test_a_lowering_without_a_model_to_act_on_is_refused(refused, tmp_path):
    words = ("run", "efficientmod_xxs", "--parc", "crt2", "--output", tmp_path / "results")
    assert "--parc changes nothing in efficientmod_xxs" in refused(2, *words)
    assert not (tmp_path / "results").exists()


def test_all_is_the_whole_zoo_and_takes_no_names(refused):
    assert "--all is the whole zoo; leave it out, or the names" in refused(
        2, "run", "efficientmod_s", "--all"
    )


def test_open_axes_of_a_file_are_fixed_from_the_command_line(latbench, tmp_path):
    import onnx
    from onnx import helper

    given, made = (helper.make_tensor_value_info(name, 1, ("batch", 4)) for name in "xy")
    built = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [given], [made])
    path = tmp_path / "open.onnx"
    onnx.save(helper.make_model(built, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)
    words = ("--runtime", "fake", "--threads", 1, "--launches", 2, "--iterations", 4, "--warmup", 0)
    code, *_ = latbench("run", path, *words, "--pin", "batch=3", "--output", tmp_path / "results")
    assert code == 0
    assert "3x4" in (tmp_path / "results" / "latency.csv").read_text()


def test_a_dry_run_tells_what_would_be_done_and_why_the_rest_is_skipped(latbench, graph, tmp_path):
    words = ("--runtime", "fake", "--runtime", "pytorch", "--quick", "--dry-run", "--jobs", 2)
    code, out, _ = latbench("run", graph(), *words, "--output", tmp_path / "results")
    assert code == 0
    assert out.startswith("Plan: 2 cells (1 will be skipped)")
    assert "Skipped: 1, " in out
    assert " on pytorch: pytorch does not load ONNX files" in out
    assert not (tmp_path / "results").exists()


def test_no_jobs_are_refused(refused):
    assert "--jobs 0 is too small; use 1 or more" in refused(2, "run", "efficientmod_s", "--jobs", 0)
