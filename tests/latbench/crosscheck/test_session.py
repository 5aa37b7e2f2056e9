import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from latbench.crosscheck import session as session_module
from latbench.crosscheck.base import Said
from latbench.crosscheck.external import Ended
from latbench.crosscheck.session import LAUNCHES, Pair, Plan, Session, unlike
from latbench.errors import EnvironmentFault
from latbench.machine.gpu import Reading
from latbench.measure.launch import LaunchResult
from latbench.pipeline.gpu import Watched


@pytest.fixture
def session(tmp_path, cell, echo):
    """Makes a session of three blocks; `order` tells who was launched."""
    order = []

    def ours(request, timeout, rng):
        order.append("latbench")
        assert request.iterations == 5
        assert request.reference == str(tmp_path / "artifacts" / "m.npz")
        return LaunchResult("ok", samples_ns=(10,) * 5, wall_ns=1)

    def tool(command, added, output, timeout, rng):
        if command[0] == "echo":
            order.append("echo")
            output.write_text("9.5")
            return Ended(None, "9.5")
        order.append("paths")
        asked, answer = map(Path, command[-2:])
        assert json.loads(asked.read_text())["tool"] == "echo"
        answer.write_text(json.dumps({"ours": [3], "theirs": [2]}))
        return Ended(None, "")

    def make(launcher=ours, outside=tool, seed=0, **changes):
        plan = Plan(tmp_path, tmp_path / "kept", 3, 5, 0, seed)
        pairs, heard = [Pair(echo, replace(cell, **changes))], []
        made = Session(pairs, plan, told=heard.append, launcher=launcher, outside=outside)
        made.order, made.heard = order, heard
        return made

    return make


def test_every_block_launches_every_arm_once_in_an_order_the_seed_decides(session, tmp_path):
    made = session()
    (found,) = made.take()
    blocks = [made.order[at : at + 3] for at in range(0, 9, 3)]
    assert all(sorted(block) == ["echo", "latbench", "paths"] for block in blocks)
    assert len({tuple(block) for block in blocks}) > 1
    assert [said.median_ns for said in found.theirs] == [9.5] * 3
    assert [launch.samples_ns for launch in found.ours] == [(10,) * 5] * 3
    assert found.readings == [{"ours": [3], "theirs": [2]}] * 3


def test_everything_is_kept_with_the_artifact_it_is_of(session, cell, tmp_path):
    session().take()
    lines = [json.loads(line) for line in (tmp_path / "kept" / LAUNCHES).read_text().splitlines()]
    assert len(lines) == 9
    assert {line["artifact_sha256"] for line in lines} == {cell.artifact_sha256}
    told = [line for line in lines if line["arm"] == "echo"]
    assert all((tmp_path / "kept" / line["output"]).read_text() == "9.5" for line in told)
    assert all(line["command"] == ["echo", "5"] for line in told)
    ours = [line for line in lines if line["arm"] == "latbench"]
    assert all(line["samples_ns"] == [10] * 5 for line in ours)


@pytest.mark.parametrize(
    ("ended", "reason"),
    [(Ended("exit code 1: oops", ""), "exit code 1: oops"), (Ended(None, ""), "printed nothing")],
)
def test_a_tool_that_fails_is_told_and_nothing_of_its_block_is_compared(session, ended, reason):
    (found,) = session(outside=lambda *_: ended).take()
    assert (found.ours, found.theirs) == ([], [])
    assert len(found.failures) == 3
    assert all(reason in failure for failure in found.failures)


def test_a_failed_launch_of_ours_is_told_as_ours(session):
    (found,) = session(launcher=lambda *_: LaunchResult("crashed", "ended by SIGSEGV")).take()
    assert found.failures[0] == "latbench, block 1: ended by SIGSEGV"


class Card:
    """A card that power holds down while a tool runs, and that counts how often it is read."""

    def __init__(self):
        self.reads, self.reasons = 0, ()

    def read(self):
        self.reads += 1
        return Reading(sm_mhz=1000 + self.reads, reasons=self.reasons)


def kept(folder, arm):
    lines = map(json.loads, (folder / "kept" / LAUNCHES).read_text().splitlines())
    return [line for line in lines if line["arm"] == arm]


def test_on_a_gpu_the_card_is_read_around_their_launches_as_around_ours(session, tmp_path, monkeypatch):
    card = Card()
    asked = []
    monkeypatch.setattr(
        session_module,
        "watching",
        lambda device: asked.append(device) or nullcontext(Watched({"name": "NVIDIA H"}, card)),
    )

    def slowing(command, added, output, timeout, rng):
        card.reasons = ("sw_power_cap",) if command[0] == "echo" else ()
        output.write_text("9.5")
        return Ended(None, "9.5") if command[0] == "echo" else Ended("no", "")

    def ours(*_):
        card.reasons = ()
        return LaunchResult("ok", samples_ns=(10,) * 5, witnesses={"elapsed_ms": 1})

    made = session(ours, slowing, device="cuda")
    made.take()
    assert (asked, card.reads) == (["cuda"], 12)
    assert json.loads((tmp_path / "kept" / "gpu.json").read_text()) == {"name": "NVIDIA H"}
    mine, theirs = (kept(tmp_path, arm)[0]["witnesses"] for arm in ("latbench", "echo"))
    assert mine["elapsed_ms"] == 1
    assert mine["gpu_sm_mhz_after"] == mine["gpu_sm_mhz_before"] + 1
    assert theirs["gpu_throttle"] == "sw_power_cap"
    assert "The GPU was held down (sw_power_cap) around 3 launches of echo." in made.heard
    made.take()  # into the same folder
    assert json.loads((tmp_path / "kept" / "gpu.json").read_text()) == {"name": "NVIDIA H"}


def test_without_readings_a_session_on_a_gpu_says_why_and_one_on_the_cpu_nothing(
    session, tmp_path, monkeypatch
):
    blind = Watched({"name": "NVIDIA H", "nvml": "pynvml is not installed"})
    monkeypatch.setattr(session_module, "watching", lambda device: nullcontext(blind))
    made = session(device="cuda")
    made.take()
    assert "pynvml is not installed" in made.heard[0]
    assert "witnesses" not in kept(tmp_path, "echo")[0]
    monkeypatch.undo()
    other = session()
    other.take()
    assert other.heard == [f"block {number} of 3" for number in (1, 2, 3)]


def test_an_artifact_that_changes_meanwhile_ends_it(session, tmp_path):
    def spoil(*_):
        (tmp_path / "artifacts" / "m.onnx").write_bytes(b"another")
        return LaunchResult("ok", samples_ns=(10,))

    with pytest.raises(EnvironmentFault, match="changed while it was timed"):
        session(launcher=spoil).take()


def test_what_ran_otherwise_than_asked_is_not_compared(cell):
    assert unlike(Said(1.0), cell) is None
    assert unlike(Said(1.0, facts={"threads": 2, "precision": "fp32"}), cell) is None
    assert unlike(Said(1.0, facts={"threads": 1}), cell) == "it ran with threads 1, not 2"
    assert unlike(Said(1.0, facts={"precision": "bf16"}), cell) == "it ran with precision bf16, not fp32"
