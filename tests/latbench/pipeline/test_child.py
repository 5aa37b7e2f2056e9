import pytest

from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline.child import WorkerDied, call


def test_a_task_is_done_in_a_process_of_its_own():
    found = call("survey", {"names": ["fake"], "device": "cpu"})
    assert found["available"]["fake"]["available"] is True


def test_what_the_task_raised_is_raised_here(tmp_path):
    with pytest.raises(BadInput, match="Cannot read"):
        call("reference", {"path": str(tmp_path / "none.onnx"), "folder": str(tmp_path)})


def test_a_process_without_an_answer_says_what_it_said_last():
    with pytest.raises(WorkerDied, match=r"exit code 1 without a readable result: .*KeyError"):
        call("no such task", {})


def test_no_room_for_the_request_is_an_environment_fault(monkeypatch):
    def refuse(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)
    with pytest.raises(EnvironmentFault, match="No process can be started"):
        call("survey", {})
