import pytest

from latbench.pipeline import checkup
from latbench.pipeline.child import WorkerDied

GNU = {"OpenMP (GNU)": ["/torch/libgomp.so"]}
TWICE = {"OpenMP (GNU)": ["/x/libgomp.so", "/y/libgomp.so"]}


def answer(available=True, version="9", pools=None, **changes):
    told = {"available": available, "version": version, "reason": None, "mend": None, **changes}
    return {"available": told, "pools": {} if pools is None else pools, "threads": 1}


def answers(monkeypatch, told):
    def call(task, arguments):
        if isinstance(told, Exception):
            raise told
        assert task == "loaded"
        return told

    monkeypatch.setattr(checkup, "call", call)


def test_every_runtime_but_the_fake_one_is_told(monkeypatch):
    answers(monkeypatch, answer())
    *found, libraries = checkup.runtime_findings()
    assert {"Runtime onnxruntime", "Runtime openvino", "Runtime pytorch"} <= {one.title for one in found}
    assert all((one.status, one.value) == ("ok", "9") for one in found)
    assert "Runtime fake" not in {one.title for one in found}
    assert libraries.key == "thread_libraries"


def test_providers_and_precisions_are_told(monkeypatch):
    answers(monkeypatch, answer(offers=["A", "B"], precisions=["fp32", "bf16"]))
    assert checkup.runtime_findings()[0].value == "9; offers A, B; computes in fp32, bf16"


def test_a_missing_runtime_comes_with_its_mend(monkeypatch):
    answers(monkeypatch, answer(available=False, reason="not installed", mend="pip install it"))
    one = checkup.runtime_findings()[0]
    assert (one.status, one.value, one.mend) == ("note", "not installed", "pip install it")


def test_a_runtime_that_kills_its_process_is_a_problem(monkeypatch):
    answers(monkeypatch, WorkerDied("exit code -11"))
    first, *_, libraries = checkup.runtime_findings()
    assert first.status == "problem"
    assert "exit code -11" in first.value
    assert libraries.status == "unknown"


@pytest.mark.parametrize(
    ("told", "status", "value"),
    [
        ({"a": answer(pools=GNU)}, "ok", "a: OpenMP (GNU)"),
        ({"a": answer(pools=GNU), "b": answer()}, "note", "a: OpenMP (GNU); b: none but its own"),
        (
            {"a": answer(pools={**GNU, "OpenMP (Intel)": ["/x/libiomp5.so"]})},
            "warning",
            "a: OpenMP (GNU), OpenMP (Intel)",
        ),
        (
            {"a": answer(pools={"OpenMP (GNU)": ["/x/libgomp.so", "/y/libgomp.so"]})},
            "warning",
            "a: OpenMP (GNU)",
        ),
        ({"a": answer(pools=GNU), "b": answer(available=False)}, "ok", "a: OpenMP (GNU)"),
        ({"a": {**answer(), "pools": None}}, "unknown", "not told by this machine"),
        ({}, "unknown", "not told by this machine"),
    ],
)
def test_thread_libraries(told, status, value):
    found = checkup.thread_libraries(told)
    assert (found.status, found.value) == (status, value)
    assert found.status == "ok" or found.effect
    assert found.status in ("ok", "unknown") or found.mend


def test_two_copies_of_one_library_are_named():
    found = checkup.thread_libraries(
        {"a": answer(pools={"OpenMP (GNU)": ["/x/libgomp.so", "/y/libgomp.so"]})}
    )
    assert "2 OpenMP libraries" in found.effect
    assert "/x/libgomp.so, /y/libgomp.so" in found.mend


def test_this_installation_is_really_imported():
    found = {one.key: one for one in checkup.runtime_findings()}
    assert found["runtime_onnxruntime"].status in ("ok", "note")
    assert found["thread_libraries"].value
