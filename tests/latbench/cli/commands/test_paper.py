import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from latbench.papers import tables

RESULTS = Path(__file__).parents[4] / "results"
FOUR_THREADS = RESULTS / "efficientmod_s_4_threads"
RERUN = RESULTS / "rerun" / "first" / "latbench" / "latency.csv"


def test_without_a_name_the_tables_are_listed(latbench):
    code, out, err = latbench("paper", "--format", "json")
    assert (code, err) == (0, "")
    assert [row["table"] for row in json.loads(out)] == list(tables())
    assert latbench("paper")[1].startswith("table ")


@pytest.mark.parametrize("name", tables())
def test_every_table_is_shown_with_our_counts(latbench, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = latbench("paper", name)
    assert (code, err) == (0, "")
    assert all(row.label in out for row in tables()[name].rows)
    assert "No measured latency" in out


def test_every_format_reaches_stdout(latbench):
    shown = {name: latbench("paper", "rednet", "--format", name)[1] for name in ("csv", "json", "markdown")}
    assert next(csv.DictReader(io.StringIO(shown["csv"])))["published"] == "RedNet-26"
    assert json.loads(shown["json"])["name"] == "rednet"
    assert shown["markdown"].startswith("### RedNet")


def test_the_counts_of_the_zoo_and_what_they_contradict(latbench):
    _, out, _ = latbench("paper", "parc-convnets", "--format", "json")
    rows = {row["published"]: row for row in json.loads(out)["rows"]}
    assert rows["ParC-ResNet50"]["macs"]["ours"] == 3_941_466_112
    assert {label for label, row in rows.items() if row["macs"]["contradicted"]} == {
        "ResNet50 (ConvNeXt recipe)",
        "ParC-ResNet50",
        "ConvNeXt-XT",
        "ParC-ConvNeXt-XT",
    }


def test_committed_results_stand_beside_the_papers(latbench):
    given = ("--results", FOUR_THREADS / "latency.csv", "--results", RERUN)
    words = ("paper", "efficientmod-table1", *given, "--format", "json")
    code, out, _ = latbench(*words)
    rows = {row["published"]: row for row in json.loads(out)["rows"]}
    assert code == 0
    measured = {one["setting"]: one["ms"] for one in rows["EfficientMod-s"]["measured"]}
    assert any(name.startswith("onnxruntime, 4 threads") and ms for name, ms in measured.items())
    told = json.loads(latbench(*words, "--runtime", "openvino", "--threads", 2)[1])
    assert {(one["runtime"], one["threads"]) for one in told["settings"]} == {("openvino", 2)}
    assert {(rank["device"], rank["n"] > 0) for rank in told["ranks"]} == {("P100", True), ("Xeon", True)}


def test_the_default_results_are_taken_where_they_exist(latbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("latbench-results/exports").mkdir(parents=True)
    assert "No measured latency" in latbench("paper", "efficientmod-table1")[1]
    records = (FOUR_THREADS / "records.jsonl").read_bytes()
    Path("latbench-results/records.jsonl").write_bytes(records)
    assert "onnxruntime, 4 threads" in latbench("paper", "efficientmod-table1")[1]


def test_an_unknown_table_is_refused_with_the_list(refused):
    told = refused(2, "paper", "efficientmod-table7")
    assert "There is no table 'efficientmod-table7'" in told
    assert all(name in told for name in tables())


def test_wrong_options_are_refused(refused, tmp_path):
    assert "no format 'xml'" in refused(2, "paper", "rednet", "--format", "xml")
    assert "There is no" in refused(2, "paper", "rednet", "--results", tmp_path / "none")
    assert "nor any folder in it holds" in refused(2, "paper", "rednet", "--results", tmp_path)


def test_neither_torch_nor_a_runtime_is_imported():
    code = (
        "import sys; from latbench.cli.app import invoke; "
        f"code = invoke(['paper', 'efficientmod-table1', '--results', {str(RERUN)!r}]); "
        "print(code, *sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ended, *loaded = ran.stdout.splitlines()[-1].split()
    assert ended == "0"
    assert "latbench.papers" in loaded
    assert not {"torch", "onnx", "onnxruntime", "openvino", "timm", "pandas", "scipy"} & set(loaded)
