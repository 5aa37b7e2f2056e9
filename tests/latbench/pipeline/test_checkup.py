from latbench.pipeline import checkup
from latbench.pipeline.child import WorkerDied


def answers(monkeypatch, answer):
    def call(task, arguments, env):
        if isinstance(answer, Exception):
            raise answer
        return {"available": {arguments["names"][0]: answer}}

    monkeypatch.setattr(checkup, "call", call)


def test_every_runtime_but_the_fake_one_is_told(monkeypatch):
    answers(monkeypatch, {"available": True, "version": "9"})
    found = checkup.runtime_findings()
    assert {"Runtime onnxruntime", "Runtime openvino", "Runtime pytorch"} <= {one.title for one in found}
    assert all((one.status, one.value) == ("ok", "9") for one in found)
    assert "Runtime fake" not in {one.title for one in found}


def test_a_missing_runtime_comes_with_its_mend(monkeypatch):
    answers(monkeypatch, {"available": False, "reason": "not installed", "mend": "pip install it"})
    one = checkup.runtime_findings()[0]
    assert (one.status, one.value, one.mend) == ("note", "not installed", "pip install it")


def test_a_runtime_that_kills_its_process_is_a_problem(monkeypatch):
    answers(monkeypatch, WorkerDied("exit code -11"))
    assert checkup.runtime_findings()[0].status == "problem"
