import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_the_overhead_bench_prints_every_runtime_and_call_path():
    command = [sys.executable, str(ROOT / "bench" / "overhead.py"), "--rounds", "2", "--length", "4"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.stderr == ""
    for name in ("fake", "onnxruntime", "openvino", "pytorch", "start_async + wait", "(used)"):
        assert name in done.stdout
    assert done.returncode == int("differs by more" in done.stdout)
