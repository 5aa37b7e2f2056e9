import json
import random

import numpy as np
import pytest

from latbench.measure import answer, shared_spawn
from latbench.measure.launch import LaunchResult
from latbench.measure.shared import CALL_OVERHEAD, SHARED_CELLS, SharedCell, SharedRequest
from latbench.runtimes.base import SessionOptions, Source


@pytest.fixture
def request_of(tmp_path):
    reference = tmp_path / "reference.npz"
    x = np.ones((2, 3), np.float32)
    np.savez(reference, **{"input:x": x, "output:output": x})

    def make(**cells):
        made = tuple(
            SharedCell(key, Source("module", kwargs=kwargs), str(reference)) for key, kwargs in cells.items()
        )
        empty = SharedCell("", Source("module"))
        return SharedRequest(made, "fake", SessionOptions(threads=2), 10, 0.5, 2, "0", empty)

    return make


def launch(request, timeout=120.0):
    return shared_spawn.launch(request, timeout, random.Random(0))


def test_one_process_brings_a_result_for_each_cell(request_of):
    found = launch(request_of(a={}, b={"fail_in_prepare": "no kernel"}, c={}))
    assert [one.status for one in found.values()] == ["ok", "failed", "ok"]
    assert {one.witnesses[SHARED_CELLS] for one in found.values()} == {3}
    assert len({one.wall_ns for one in found.values()}) == 1
    assert len(found["a"].samples_ns) == 10
    assert found["a"].witnesses[CALL_OVERHEAD] > 0
    assert found["a"].witnesses["cpu_ms"] >= 0
    assert len(found["a"].witnesses["compute_before_ns"]) > 0


def test_a_crash_is_the_result_of_all(request_of):
    found = launch(request_of(a={}, b={"kill": 11}))
    assert [(one.status, one.reason) for one in found.values()] == [("crashed", "ended by SIGSEGV")] * 2
    assert all(one.wall_ns > 0 for one in found.values())


def test_a_hang_ends_at_the_timeout(request_of):
    found = launch(request_of(a={"hang_in_prepare": True}), timeout=0.5)
    assert found["a"].status == "timeout"
    assert found["a"].reason.startswith("no result after 0.5 s")


def test_a_process_that_leaves_something_else_fails(request_of):
    found = launch(request_of(a={"scribble": '{"a": 3}'}))
    assert found["a"].status == "failed"
    assert "not a table of fields" in found["a"].reason


def test_an_allocator_that_gives_up_is_out_of_memory(request_of):
    assert launch(request_of(a={"fail": "std::bad_alloc"}))["a"].status == "oom"


GOOD = LaunchResult("ok", samples_ns=(5, 6)).to_json()


@pytest.mark.parametrize(
    ("left", "complaint"),
    [
        ({"a": GOOD}, "1 cells, not the 2 asked for"),
        ({"a": GOOD, "c": GOOD}, "2 cells, not the 2 asked for"),
        ({"a": GOOD, "b": []}, "holds a list"),
        ({"a": GOOD, "b": {**GOOD, "samples_ns": []}}, "0 samples, not 1 to 10"),
        ({"a": GOOD, "b": {**GOOD, "samples_ns": [5] * 11}}, "11 samples, not 1 to 10"),
        ({"a": GOOD, "b": {**GOOD, "samples_ns": [0]}}, "sample 1 of 1 lasts 0 ns"),
        ([GOOD], "of type list"),
    ],
)
def test_only_a_result_of_each_cell_is_an_answer(request_of, tmp_path, left, complaint):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(left))
    with pytest.raises(answer.Unusable, match=complaint):
        shared_spawn.read(path, request_of(a={}, b={}))


def test_no_file_is_none(request_of, tmp_path):
    assert shared_spawn.read(tmp_path / "absent.json", request_of(a={})) is None
