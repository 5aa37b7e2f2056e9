"""A cell with a reference, as a crosscheck finds them in a results directory, and a tool that echoes."""

from dataclasses import dataclass

import numpy as np
import pytest

from exporters.artifact import sha256_of
from latbench.crosscheck.base import OURS, Cause, Said, Unreadable
from latbench.records import CellPlan
from latbench.runtimes.base import Availability


@dataclass
class Echo:
    """A tool whose output is its median in ns, and whose call costs 100 ns less than ours."""

    name: str = "echo"
    runtime: str = "fake"
    uncounted: int = 1
    differs: tuple = ("It only echoes.",)
    causes: tuple = (Cause("call", OURS, "theirs", "ours does more"),)

    def check(self):
        return Availability(True, version="1")

    def command(self, work):
        return ["echo", str(work.iterations)]

    def parse(self, output):
        if not output.strip():
            raise Unreadable("it printed nothing")
        median, *rest = output.split()
        return Said(
            float(median), float(median), 4, rounding_ns=5.0, facts=dict(one.split("=") for one in rest)
        )

    def probes(self, session, inputs):
        return {OURS: lambda: {OURS: 1100}, "theirs": lambda: {"theirs": 1000}}


@pytest.fixture
def echo():
    return Echo()


@pytest.fixture
def cell(tmp_path):
    artifact, reference = tmp_path / "artifacts" / "m.onnx", tmp_path / "artifacts" / "m.npz"
    artifact.parent.mkdir()
    artifact.write_bytes(b"not really a graph")
    np.savez(reference, **{"input:x": np.ones((1, 3), np.float32), "output:y": np.ones((1, 3), np.float32)})
    return CellPlan(
        model="m",
        input_shape="1x3",
        target="portable",
        runtime="fake",
        source={"kind": "onnx", "path": "artifacts/m.onnx", "factory": None, "kwargs": {}},
        artifact_path="artifacts/m.onnx",
        artifact_sha256=sha256_of(artifact),
        threads=2,
        reference="artifacts/m.npz",
    )
