"""The rerun benchmark: which levels are the same one, what agrees, what is told of two sessions."""

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("rerun", ROOT / "bench" / "rerun.py")
rerun = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(rerun)

SAID = """[ INFO ] Count:            400 iterations
[ INFO ] Duration:         1836.02 ms
[ INFO ] Latency:
[ INFO ]    Median:        4.59 ms
[ INFO ]    Average:       4.61 ms
[ INFO ]    Min:           4.40 ms
[ INFO ]    Max:           6.40 ms
"""


def bench(*words):
    command = [sys.executable, str(ROOT / "bench" / "rerun.py"), *map(str, words)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        ([5.7, 8.9], [5.8, 8.8], [(0, 0), (1, 1)]),
        ([5.7, 8.9], [8.8], [(1, 0)]),
        ([5.7], [5.6, 8.9], [(0, 0)]),
        ([5.7], [8.9], [(0, 0)]),  # the only ones there are: then the level has moved, and is found to have
        ([], [8.9], []),
    ],
)
def test_levels_are_matched_where_each_is_the_others_nearest(first, second, pairs):
    assert rerun.matched(first, second) == pairs


def test_agreement_is_the_same_both_ways_and_unknown_without_a_ratio():
    assert rerun.agree(1.0299)
    assert rerun.agree(1 / 1.0299)
    assert not rerun.agree(1.031)
    assert not rerun.agree(1 / 1.031)
    assert rerun.agree(None) is None


def test_benchmark_apps_words_are_read_in_both_units():
    assert rerun.parsed(SAID) == {"iterations": 400, "median_ms": 4.59, "mean_ms": 4.61}
    fast = SAID.replace("4.59 ms", "459.00 us")
    assert rerun.parsed(fast)["median_ms"] == pytest.approx(0.459)
    with pytest.raises(SystemExit, match="another form"):
        rerun.parsed("Latency: quick")


def steady(level_ms, launches=4, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(
        np.rint(level_ms * 1e6 * rng.normal(1, 0.005, 200)).astype(np.int64) for _ in range(launches)
    )


def test_two_steady_sessions_agree_and_a_moved_one_does_not():
    same = rerun.compared(steady(5.0), steady(5.0, seed=1))
    assert same["levels_agree"]
    assert same["ratio"] == pytest.approx(1, abs=0.01)
    assert same["floor_ratio"] == pytest.approx(1, abs=0.01)
    moved = rerun.compared(steady(5.0), steady(5.5, seed=1))
    assert not moved["levels_agree"]
    assert not moved["interval_holds_1"]


def test_sessions_in_other_regimes_agree_level_by_level_only():
    first = (*steady(5.0, 3), *steady(8.0, 1, seed=1))
    second = (*steady(5.0, 1, seed=2), *steady(8.0, 3, seed=3))
    told = rerun.compared(first, second)
    assert told["levels_common"] == 2
    assert told["levels_agree"]
    assert not rerun.agree(told["ratio"])
    assert told["first_levels"].count("ms") == 2


def test_shares_count_only_what_could_be_asked():
    row = {"levels_agree": True, "ratio": 1.2, "best_ratio": 1.02, "floor_ratio": 1.0, "runtime": "openvino"}
    others = {"plain_mean_ratio": 1.01, "plain_median_ratio": None, "benchmark_app_ratio": None}
    counts = rerun.verdicts([{**row, **others}])
    assert counts["latbench, level by level"] == (1, 1)
    assert counts["latbench, at best"] == (1, 1)
    assert counts["latbench, floor"] == counts["latbench, floor (without PyTorch)"] == (1, 1)
    assert counts["latbench, as measured"] == (0, 1)
    assert counts["plain loop, mean"] == (1, 1)
    assert counts["benchmark_app, median (OpenVINO only)"] == (0, 0)


def test_a_folder_without_a_session_is_told_in_one_sentence(tmp_path):
    done = bench("show", tmp_path / "one", tmp_path / "two")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_small_session_is_taken_and_agrees_with_itself(tmp_path):
    few = ("--models", "efficientmod_block_c8_r2_7", "--iterations", 4, "--launches", 2, "--loop", 3)
    one, two, table = tmp_path / "one", tmp_path / "two", tmp_path / "rerun.csv"
    taken = bench("take", one, *few, "--threads", 1)
    assert taken.returncode == 0, taken.stderr
    assert "already" in bench("take", one, *few).stderr
    shutil.copytree(one, two)
    done = bench("show", one, two, "--csv", table)
    assert done.returncode == 0, done.stderr
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["runtime"] for row in rows] == ["onnxruntime", "openvino", "pytorch"]
    assert [bool(row["benchmark_app_ratio"]) for row in rows] == [False, True, False]
    for column in ("ratio", "levels_ratio_worst", "best_ratio", "plain_mean_ratio", "plain_median_ratio"):
        assert {float(row[column]) for row in rows} == {1.0}, column
    for tool in csv.DictReader((one / "others.csv").open()):
        sha = {row["runtime"]: row["artifact_sha256"] for row in rows}
        assert tool["artifact_sha256"] == sha[tool["runtime"]]
    assert json.loads((one / "taken.json").read_text())["latbench"][0] <= rows[0]["first_began"]
