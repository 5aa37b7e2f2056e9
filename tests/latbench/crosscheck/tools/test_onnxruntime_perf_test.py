"""With a stand-in on the PATH that prints what the real program documents."""

import random
from pathlib import Path

import pytest

from latbench.crosscheck.base import Unreadable, Work
from latbench.crosscheck.external import launch
from latbench.crosscheck.tools.onnxruntime_perf_test import TOOL
from latbench.runtimes.base import Source

SAID = """Session creation time cost: 0.0546 s
First inference time cost: 7 ms
Total inference time cost: 1.68213 s
Total inference requests: 400
Average inference time cost: 4.20533 ms
Total inference run time: 1.68231 s
Number of inferences per second: 237.768
Avg CPU usage: 98 %
Peak working set size: 71340032 bytes
Min Latency: 0.00402 s
Max Latency: 0.00531 s
P50 Latency: 0.00415 s
P90 Latency: 0.0044 s
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    path = tmp_path / "onnxruntime_perf_test"
    path.write_text(f"#!/bin/sh\necho \"$@\" >&2\ncat <<'END'\n{SAID}END\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return path


def test_it_is_found_run_and_read(program, tmp_path):
    assert TOOL.check().available
    command = TOOL.command(Work(Source("onnx", path="m.onnx"), Path("m.npz"), 2, 400, tmp_path))
    ended = launch(command, {}, tmp_path / "said.txt", 60.0, random.Random(0))
    assert ended.reason is None
    assert "-m times -r 400 -I" in ended.output
    assert "-x 2 -y 1" in ended.output
    said = TOOL.parse(ended.output)
    assert (said.median_ns, said.mean_ns, said.iterations) == pytest.approx((4.15e6, 4.20533e6, 400))
    assert said.rounding_ns == pytest.approx(5e3)


def test_newer_versions_call_the_average_a_total():
    said = TOOL.parse(SAID.replace("time cost: 4.2", "time cost total: 4.2"))
    assert said.mean_ns == pytest.approx(4.20533e6)


def test_without_percentiles_it_is_unreadable():
    with pytest.raises(Unreadable, match="P50"):
        TOOL.parse(SAID.partition("Min Latency")[0])


def test_it_is_missed_where_it_is_not_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert "not on the PATH" in TOOL.check().reason
