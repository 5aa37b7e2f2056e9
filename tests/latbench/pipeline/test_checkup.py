from types import SimpleNamespace

import pytest

from latbench.pipeline import checkup
from latbench.pipeline.child import WorkerDied

GNU = {"OpenMP (GNU)": ["/torch/libgomp.so"]}
TWICE = {"OpenMP (GNU)": ["/x/libgomp.so", "/y/libgomp.so"]}


def answer(available=True, version="9", pools=None, **changes):
    told = {"available": available, "version": version, "reason": None, "mend": None, **changes}
    return {"available": told, "pools": {} if pools is None else pools, "threads": 1}


def told(available=True, version="9", **changes):
    return answer(available, version, **changes)["available"]


def no_cuda(**changes):
    return told(available=False, reason="no GPU", mend="buy one", **changes)


def runtime(*devices, package=None):
    made = SimpleNamespace(devices=devices)
    if package:
        made.package = package
    return made


@pytest.fixture
def found(monkeypatch):
    """Return the findings by key of runtimes by name, each process answering as `reply` says for a name."""

    def build(made, reply, gpu=False):
        asked = []

        def call(task, arguments):
            assert task == "loaded"
            asked.append(arguments["names"])
            if isinstance(reply, Exception):
                raise reply
            return {
                "available": {name: reply[name] for name in arguments["names"]},
                "pools": {},
                "threads": 1,
            }

        monkeypatch.setattr(checkup, "call", call)
        monkeypatch.setattr(checkup, "present", lambda tree: gpu)
        monkeypatch.setattr(checkup.runtimes, "runtimes", lambda: made)
        return {one.key: one for one in checkup.runtime_findings()}, asked

    return build


def test_every_runtime_but_the_fake_one_is_told(found):
    made = {"fake": runtime("cpu"), "a": runtime("cpu"), "b": runtime("cpu")}
    known, asked = found(made, {name: {"cpu": told()} for name in made})
    assert list(known) == ["runtime_a", "runtime_b", "thread_libraries"]
    assert (known["runtime_a"].status, known["runtime_a"].value) == ("ok", "9")
    assert sorted(asked) == [["a"], ["b"]]


def test_one_process_tells_of_all_runtimes_of_a_package(found):
    made = {"a": runtime("cpu", package="p"), "b": runtime("cpu", package="p"), "c": runtime("cpu")}
    known, asked = found(made, {name: {"cpu": told()} for name in made})
    assert sorted(asked) == [["a", "b"], ["c"]]
    assert "runtime_b" in known
    assert known["thread_libraries"].value == "a: none but its own; c: none but its own"


def test_thread_libraries_are_told_of_the_runtime_that_runs(found):
    made = {"a": runtime("cuda", package="p"), "b": runtime("cpu", package="p")}
    known, _ = found(made, {"a": {"cuda": no_cuda()}, "b": {"cpu": told()}})
    assert known["thread_libraries"].value == "b: none but its own"


def test_providers_and_precisions_are_told(found):
    reply = {"a": {"cpu": told(offers=["A", "B"], precisions=["fp32", "bf16"])}}
    known, _ = found({"a": runtime("cpu")}, reply)
    assert known["runtime_a"].value == "9; offers A, B; computes in fp32, bf16"


def test_a_missing_runtime_comes_with_its_mend(found):
    reply = {"a": {"cpu": told(available=False, reason="not installed", mend="pip install it")}}
    one = found({"a": runtime("cpu")}, reply)[0]["runtime_a"]
    assert (one.status, one.value, one.mend) == ("note", "not installed", "pip install it")


def test_without_a_gpu_a_runtime_has_one_line(found):
    made = {"a": runtime("cpu", "cuda"), "b": runtime("cuda"), "c": runtime("cpu", "cuda")}
    absent = told(available=False, reason="not installed", mend="pip install it")
    reply = {
        "a": {"cpu": told(), "cuda": no_cuda()},
        "b": {"cuda": no_cuda()},
        "c": {"cpu": absent, "cuda": no_cuda()},
    }
    known, _ = found(made, reply)
    assert list(known) == ["runtime_a", "runtime_b", "runtime_c", "thread_libraries"]
    assert (known["runtime_a"].status, known["runtime_a"].value) == ("ok", "9; not on CUDA: no GPU")
    assert (known["runtime_b"].status, known["runtime_b"].value) == ("note", "no GPU")
    assert known["runtime_c"].value == "not installed"


def test_with_a_gpu_each_that_can_be_asked_for_cuda_tells_of_it(found):
    made = {"a": runtime("cpu", "cuda"), "b": runtime("cuda"), "c": runtime("cpu")}
    reply = {
        "a": {"cpu": told(), "cuda": told(available=False, reason="no provider", mend="pip install more")},
        "b": {"cuda": told(offers=["NVIDIA H"])},
        "c": {"cpu": told()},
    }
    known, _ = found(made, reply, gpu=True)
    assert list(known) == ["runtime_a", "runtime_a_cuda", "runtime_b", "runtime_c", "thread_libraries"]
    assert known["runtime_a"].value == "9"
    one = known["runtime_a_cuda"]
    assert (one.status, one.title, one.value, one.mend) == (
        "note",
        "Runtime a, CUDA",
        "no provider",
        "pip install more",
    )
    assert "--device cuda" in one.effect
    assert known["runtime_b"].value == "9; offers NVIDIA H"


def test_a_runtime_that_kills_its_process_is_a_problem(found):
    known, _ = found({"a": runtime("cpu")}, WorkerDied("exit code -11"))
    assert known["runtime_a"].status == "problem"
    assert "exit code -11" in known["runtime_a"].value
    assert known["thread_libraries"].status == "unknown"


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
