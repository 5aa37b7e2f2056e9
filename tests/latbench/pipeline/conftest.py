from pathlib import Path

import pytest

from latbench.measure.launch import LaunchResult
from latbench.pipeline.watch import Watch
from latbench.records import CellPlan, RunRecord

FACTORIES = """
import torch
from torch import nn

class Tiny(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

def make():
    return Tiny()

def pair():
    return nn.Linear(4, 2), torch.ones(2, 4)

def boom():
    raise RuntimeError("no weights\\nin here")

def number():
    return 7

def words():
    return nn.Linear(4, 2), "images"
"""


@pytest.fixture
def factories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module of factories in the current directory, which is importable."""
    name = f"factories_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(FACTORIES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.fixture
def graph(tmp_path: Path):
    """Writes an ONNX file: y = x, of the given shape, in the given folder."""

    def write(shape=(1, 3, 8, 8), name="identity.onnx", operator="Identity", element=1, **model) -> Path:
        import onnx
        from onnx import helper

        given = [helper.make_tensor_value_info("x", element, shape)]
        made = [helper.make_tensor_value_info("y", element, shape)]
        nodes = [helper.make_node(operator, ["x"], ["y"])]
        built = helper.make_graph(nodes, "g", given, made, **model)
        path = tmp_path / name
        onnx.save(helper.make_model(built, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)
        return path

    return write


@pytest.fixture
def cell():
    """Makes cells of the fake runtime whose `kwargs` are how it misbehaves."""

    def make(model="m", runtime="fake", kwargs=None, **fields) -> CellPlan:
        source = {"kind": "module", "path": None, "factory": "f", "kwargs": kwargs or {}}
        return CellPlan(
            model=model, runtime=runtime, input_shape="1x3x8x8", target="eager", source=source, **fields
        )

    return make


@pytest.fixture
def plan():
    """Makes run records."""

    def make(*cells: CellPlan, launches=2, iterations=4, warmup=0, **fields) -> RunRecord:
        return RunRecord(
            **{"run_id": "r", "created": "2026-01-01T00:00:00+00:00", "command": ("latbench",), "seed": 0}
            | fields,
            cells=cells,
            launches=launches,
            iterations=iterations,
            warmup=warmup,
        )

    return make


@pytest.fixture
def survey() -> dict:
    """What a worker says of a machine that has the fake runtime alone."""
    fake = {"available": True, "version": "1", "precisions": ["fp32", "bf16", "fp16"]}
    return {"available": {"fake": fake}, "import_s": {}, "macs_per_s": 1e9, "busy_s": 0}


class Listener(Watch):
    """Remembers what it heard, as (event, words)."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.overview = None

    def planned(self, overview) -> None:
        self.overview = overview
        self.heard.append(("planned", ""))

    def note(self, sentence) -> None:
        self.heard.append(("note", sentence))

    def preparing(self, model, what) -> None:
        self.heard.append(("preparing", f"{model}: {what}"))

    def prepared(self, model, fault, count, total) -> None:
        self.heard.append(("prepared", f"{model}: {fault} ({count} of {total})"))

    def started(self, run_id, progress) -> None:
        self.heard.append(("started", f"{progress.done}/{progress.total}"))

    def launching(self, cell, progress) -> None:
        self.heard.append(("launching", cell.model))

    def launched(self, cell, result, progress) -> None:
        self.heard.append(("launched", result.status))

    def decided(self, cell, sentence) -> None:
        self.heard.append(("decided", sentence))

    def block_ended(self, progress) -> None:
        self.heard.append(("block", f"{progress.done}/{progress.total}"))

    def finished(self, row) -> None:
        self.heard.append(("finished", f"{row['model']} {row['status']}"))

    def of(self, event: str) -> list[str]:
        return [words for kind, words in self.heard if kind == event]


@pytest.fixture
def listener() -> Listener:
    return Listener()


class Launcher:
    """Stands for the measuring processes: each answers with the next of `results`, then with the last one."""

    def __init__(self, *results: LaunchResult) -> None:
        self.results, self.requests, self.timeouts = list(results), [], []

    def __call__(self, request, timeout, rng) -> LaunchResult:
        self.requests.append(request)
        self.timeouts.append(timeout)
        return self.results.pop(0) if len(self.results) > 1 else self.results[0]


OK = LaunchResult("ok", samples_ns=(1_000_000, 2_000_000), wall_ns=10**9, facts={"version": "1"})


@pytest.fixture
def launcher():
    """Makes launchers; without results each launch is ok."""
    return lambda *results: Launcher(*(results or (OK,)))
