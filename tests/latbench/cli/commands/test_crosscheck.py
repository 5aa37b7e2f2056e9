import csv
import json

import pytest

from latbench.cli.commands.crosscheck import ended, held


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["agree", "skipped"], 0),
        (["agree", "undecided"], 3),
        (["undecided", "failed"], 5),
        (["failed", "off", "undecided"], 1),
    ],
)
def test_the_exit_code_tells_the_worst(verdicts, code):
    assert ended(verdicts) == code


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--tool", "stopwatch"), "--tool"),
        (("--format", "poem"), "--format"),
        (("--launches", 1, "--iterations", 4), "--launches 1"),
        (("--launches", 3, "--iterations", 4), "--iterations 4"),
        (("--threads", 0), "--threads"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(refused, tmp_path, words, told):
    assert told in refused(2, "crosscheck", "efficientmod_xxs", *words, "--output", tmp_path)


def test_a_directory_that_another_writes_is_left_alone(refused, tmp_path):
    with held(tmp_path):
        told = refused(6, "crosscheck", "efficientmod_xxs", "--output", tmp_path)
    assert "being written" in told


def test_where_no_tool_runs_the_environment_is_at_fault(refused, tmp_path):
    told = refused(6, "crosscheck", "efficientmod_xxs", "--tool", "trtexec", "--output", tmp_path)
    assert "trtexec is not on the PATH; mend: install TensorRT" in told


@pytest.mark.slow
def test_a_file_is_timed_by_benchmark_app_and_by_us(latbench, graph, tmp_path):
    pytest.importorskip("openvino")
    words = (
        "--tool",
        "benchmark_app",
        "--launches",
        3,
        "--iterations",
        15,
        "--threads",
        1,
        "--format",
        "json",
    )
    code, out, err = latbench("crosscheck", graph((1, 3, 64, 64)), *words, "--output", tmp_path / "results")
    assert code in (0, 1, 3), err
    (row,) = json.loads(out)
    assert row["verdict"] in ("agree", "off", "undecided")
    assert row["ours_ms"] > 0
    assert row["theirs_ms"] > 0
    assert set(row["parts_us"]) == {"Python call", "copies between calls", "warm-up"}
    (folder,) = (tmp_path / "results").glob("crosscheck-*")
    with (folder / "crosscheck.csv").open() as file:
        assert next(csv.DictReader(file))["artifact_sha256"] == row["artifact_sha256"]
    assert len(list(folder.glob("*-benchmark_app.txt"))) == 6
