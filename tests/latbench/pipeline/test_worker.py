import json

import pytest

from exporters.errors import ExportError
from latbench.errors import BadInput
from latbench.pipeline import worker


def test_an_answer_holds_the_value():
    found = worker.answer({"task": "survey", "arguments": {"names": [], "device": "cpu"}})
    assert found["value"]["available"] == {}


@pytest.mark.parametrize("fault", [BadInput("a sentence."), ExportError("another.")])
def test_an_error_reaches_the_parent_by_name(monkeypatch, fault):
    def task():
        raise fault

    monkeypatch.setattr(worker, "TASKS", {"task": task})
    found = worker.answer({"task": "task", "arguments": {}})
    assert worker.FAULTS[found["error"]] is type(fault)
    assert found["message"] == str(fault)


def test_another_error_is_not_swallowed():
    with pytest.raises(KeyError):
        worker.answer({"task": "nonsense", "arguments": {}})


def test_main_reads_the_request_and_writes_the_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "die_with_parent", lambda: None)
    request, answer = tmp_path / "request", tmp_path / "answer"
    request.write_text(json.dumps({"task": "survey", "arguments": {"names": ["fake"], "device": "cpu"}}))
    worker.main(str(request), str(answer))
    assert "fake" in json.loads(answer.read_text())["value"]["available"]
