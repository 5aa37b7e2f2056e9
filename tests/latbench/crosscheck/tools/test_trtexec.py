"""With a stand-in on the PATH that prints what the real program documents."""

import random
from pathlib import Path

import pytest

from latbench.crosscheck.base import Unreadable, Work
from latbench.crosscheck.external import launch
from latbench.crosscheck.tools.trtexec import TOOL
from latbench.runtimes.base import Source

SAID = """[I] Average on 10 runs - GPU latency: 0.63 ms - Host latency: 0.94 ms (enqueue 0.58 ms)
[I] Timing trace has 400 queries over 3.0 s
[I] === Performance summary ===
[I] Throughput: 1574.34 qps
[I] Latency: min = 0.94 ms, max = 1.51 ms, mean = 0.9493 ms, median = 0.9489 ms, percentile(90%) = 0.95 ms
[I] End-to-End Host Latency: min = 9 ms, max = 9 ms, mean = 9 ms, median = 9 ms, percentile(99%) = 9 ms
[I] H2D Latency: min = 0.2 ms, max = 0.2 ms, mean = 0.2 ms, median = 0.2 ms, percentile(90%) = 0.2 ms
[I] GPU Compute Time: min = 0.62 ms, max = 1.15 ms, mean = 0.63 ms, median = 0.63 ms
"""


def test_it_is_found_run_and_read(tmp_path, monkeypatch):
    path = tmp_path / "trtexec"
    path.write_text(f"#!/bin/sh\necho \"$@\" >&2\ncat <<'END'\n{SAID}END\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert TOOL.check().available
    command = TOOL.command(Work(Source("onnx", path="m.onnx"), Path("m.npz"), 2, 400, tmp_path))
    ended = launch(command, {}, tmp_path / "said.txt", 60.0, random.Random(0))
    assert "--onnx=m.onnx --iterations=400" in ended.output
    assert "--noTF32" in ended.output
    said = TOOL.parse(ended.output)
    assert (said.median_ns, said.mean_ns, said.iterations) == pytest.approx((948_900, 949_300, 400))


@pytest.mark.parametrize("line", ["[I] H2D Latency: median = 1 ms, mean = 1 ms", "[E] no engine"])
def test_only_the_line_of_the_whole_latency_counts(line):
    with pytest.raises(Unreadable, match="Latency"):
        TOOL.parse(line)


def test_it_is_missed_where_it_is_not_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not on the PATH" in TOOL.check().reason
