from dataclasses import asdict

import pytest

from latbench.crosscheck import plan
from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline.child import WorkerDied
from latbench.pipeline.options import RunOptions
from latbench.pipeline.watch import Watch
from latbench.runtimes.base import Availability


def test_tools_are_chosen_by_name_and_by_runtime():
    assert [tool.name for tool in plan.chosen(["benchmark_app"], [])] == ["benchmark_app"]
    assert {tool.runtime for tool in plan.chosen([], ["pytorch"])} == {"pytorch"}
    assert len(plan.chosen([], [])) == 4


@pytest.mark.parametrize(
    ("names", "runtimes", "option"),
    [(["stopwatch"], [], "--tool"), ([], ["fake"], "--runtime"), (["trtexec"], ["pytorch"], "--tool")],
)
def test_what_does_not_exist_or_does_not_fit_is_refused(names, runtimes, option):
    with pytest.raises(BadInput, match=option):
        plan.chosen(names, runtimes)


def test_tools_that_cannot_run_are_rows_and_none_at_all_is_a_fault(echo, tmp_path, monkeypatch):
    monkeypatch.setattr(
        type(echo), "check", lambda self: Availability(False, reason="it is out", mend="fetch it")
    )
    options = RunOptions(names=("efficientmod_xxs",), output=tmp_path)
    with pytest.raises(EnvironmentFault, match="it is out; mend: fetch it"):
        plan.planned("efficientmod_xxs", options, [echo], Watch())


def test_a_tool_of_a_runtime_for_gpus_alone_is_held_against_it_there(tmp_path, monkeypatch):
    (tool,) = plan.chosen(["trtexec"], [])
    monkeypatch.setattr(type(tool), "check", lambda self: Availability(True, version="11"))
    asked = []

    def survey(task, told, environment):
        asked.append(told)
        lacking = Availability(False, reason="no GPU", mend="get one")
        return {"available": {"tensorrt": asdict(lacking)}}

    monkeypatch.setattr(plan, "call", survey)
    options = RunOptions(names=("efficientmod_xxs",), output=tmp_path)
    with pytest.raises(EnvironmentFault, match=r"trtexec: .*no GPU.*get one"):
        plan.planned("efficientmod_xxs", options, [tool], Watch())
    assert asked == [{"names": ["tensorrt"], "device": "cuda"}]


def test_a_runtime_whose_import_ends_the_process_is_named(echo, tmp_path, monkeypatch):
    def dies(*_):
        raise WorkerDied("exit code -11")

    monkeypatch.setattr(plan, "call", dies)
    options = RunOptions(names=("efficientmod_xxs",), output=tmp_path)
    with pytest.raises(EnvironmentFault, match=r"imports fake died .exit code -11.*--runtime"):
        plan.planned("efficientmod_xxs", options, [echo], Watch())


def test_a_folder_is_never_used_twice(tmp_path):
    first = plan.fresh_folder(tmp_path, "now")
    first.mkdir()
    assert plan.fresh_folder(tmp_path, "now") != first
