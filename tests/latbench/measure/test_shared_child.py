import json
from itertools import pairwise

import numpy as np
import pytest

from latbench.measure import shared_child
from latbench.measure.launch import LaunchResult
from latbench.measure.shared import CALL_OVERHEAD, FIRST_OF_TURN, SharedCell, SharedRequest
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.fake import FakeRuntime


class Clock:
    """Time passes only in the calls of the sessions."""

    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """A clock by which each call of a fake session lasts its keyword `ns`, the first after another's `cold`.

    `calls` are the names of those called, in order.
    """
    clock, prepare = Clock(), FakeRuntime.prepare
    clock.calls = []

    def prepared(self, source, options):
        session = prepare(self, source, options)
        kwargs, befall = source.kwargs, session.run

        def run():
            befall()
            again = clock.calls[-1:] == [kwargs.get("name")]
            clock.calls.append(kwargs.get("name"))
            clock.now += kwargs["ns"] if again else kwargs["ns"] + kwargs.get("cold", 0)

        session.run = run
        return session

    monkeypatch.setattr(FakeRuntime, "prepare", prepared)
    return clock


@pytest.fixture
def reference(tmp_path):
    path = tmp_path / "reference.npz"
    x = np.linspace(-1, 1, 6, dtype=np.float32)
    np.savez(path, **{"input:x": x, "output:y": x})
    return str(path)


def request(reference, cells, samples=20, *, empty=7):
    made = tuple(
        SharedCell(key, Source("module", kwargs={"name": key, "ns": 1000} | kwargs), reference)
        for key, kwargs in cells.items()
    )
    nothing = None if empty is None else SharedCell("", Source("module", kwargs={"ns": empty}))
    return SharedRequest(made, "fake", SessionOptions(threads=2), samples, 1.0, 3, "0", nothing)


def test_each_cell_brings_its_own_samples(reference, clock):
    found = shared_child.measure(
        request(reference, {"a": {"ns": 1000}, "b": {"ns": 4_000_000}, "c": {"ns": 600_000_000}}), clock
    )
    assert {key: (one.status, set(one.samples_ns)) for key, one in found.items()} == {
        "a": ("ok", {1000}),
        "b": ("ok", {4_000_000}),
        "c": ("ok", {600_000_000}),
    }
    assert [len(one.samples_ns) for one in found.values()] == [20, 20, 2]
    assert all(one.parity["max_abs"] == 0 for one in found.values())
    assert all(one.peak_rss_bytes is None for one in found.values())  # that of all cells is nobody's
    assert found["a"].first_inference_ns == 1000
    assert len(found["a"].warmup_ns) == 3
    for one in found.values():
        assert LaunchResult.from_json(json.loads(json.dumps(one.to_json(), allow_nan=False))) == one


def test_the_call_after_others_is_left_out_and_witnessed(reference, clock):
    found = shared_child.measure(request(reference, {"a": {"cold": 500}, "b": {"cold": 900}}), clock)
    assert {*found["a"].samples_ns, *found["b"].samples_ns} == {1000}
    assert (found["a"].witnesses[FIRST_OF_TURN], found["b"].witnesses[FIRST_OF_TURN]) == (1500, 1900)


def test_a_call_so_long_that_no_cache_matters_is_kept(reference, clock):
    found = shared_child.measure(request(reference, {"a": {"ns": 100_000_000}, "b": {}}), clock)
    assert found["a"].witnesses[FIRST_OF_TURN] is None
    assert len(found["a"].samples_ns) >= 5


def test_the_overhead_of_a_call_is_that_of_the_empty_graph_in_the_same_rounds(reference, clock):
    with_one = shared_child.measure(request(reference, {"a": {}, "b": {}}), clock)
    assert {one.witnesses[CALL_OVERHEAD] for one in with_one.values()} == {7}
    # `None` is the empty graph: it has turns among the others'
    timed = clock.calls[clock.calls.index(None) + 5 :]
    assert {None, "a", "b"} == set(timed)
    assert (
        shared_child.measure(request(reference, {"a": {}}, empty=None), clock)["a"].witnesses[CALL_OVERHEAD]
        is None
    )


def test_cells_take_turns_in_orders_drawn_anew(reference, clock):
    shared_child.measure(request(reference, {key: {} for key in "abcd"}, samples=40, empty=None), clock)
    last = clock.calls[-4 * 4 * 11 :]
    turns = [key for at, key in enumerate(last) if at == 0 or last[at - 1] != key]
    assert len(turns) > 10
    assert turns[:4] != turns[4:8] or turns[4:8] != turns[8:12]


def test_who_cannot_be_loaded_or_fails_in_a_call_says_so_and_the_others_go_on(reference, clock):
    cells = {
        "a": {},
        "unloadable": {"fail_in_prepare": "no kernel for DFT"},
        "failing": {"fail": "bad step"},
        "hungry": {"exhaust_memory": True},
        "wrong": {"scale": 2},
    }
    found = shared_child.measure(request(reference, cells), clock)
    assert list(found) == list(cells)
    assert (found["unloadable"].status, found["unloadable"].reason) == (
        "failed",
        "RuntimeError: no kernel for DFT",
    )
    assert (found["failing"].status, found["failing"].reason) == ("failed", "RuntimeError: bad step")
    assert found["hungry"].status == "oom"
    assert found["a"].status == "ok"
    assert found["wrong"].parity["max_rel"] == pytest.approx(1)


def test_a_cell_that_fails_only_later_has_no_further_turns(reference, clock, monkeypatch):
    prepared = FakeRuntime.prepare

    def prepare(self, source, options):
        session, kwargs = prepared(self, source, options), source.kwargs
        run, left = session.run, iter(range(kwargs.get("good", 10**6)))

        def failing():
            run()
            if next(left, None) is None:
                raise RuntimeError("worn out")

        session.run = failing
        return session

    monkeypatch.setattr(FakeRuntime, "prepare", prepare)
    found = shared_child.measure(request(reference, {"a": {"good": 2}, "b": {"good": 9}, "c": {}}), clock)
    assert [one.status for one in found.values()] == ["failed", "failed", "ok"]
    assert found["b"].reason == "RuntimeError: worn out"
    assert len(found["c"].samples_ns) == 20


def test_device_latencies_are_those_of_the_samples_alone(reference, clock, monkeypatch):
    prepare = FakeRuntime.prepare

    def prepared(self, source, options):
        session, calls = prepare(self, source, options), []
        run = session.run
        session.run = lambda: (run(), calls.append(clock.calls.count(source.kwargs.get("name"))))
        session.device_ns = lambda latest: tuple(calls[-latest:])
        return session

    monkeypatch.setattr(FakeRuntime, "prepare", prepared)
    found = shared_child.measure(request(reference, {"a": {"cold": 5}, "b": {"cold": 5}}), clock)
    for result in found.values():
        assert len(result.device_ns) == len(result.samples_ns)
        assert set(result.samples_ns) == {1000}, "a sample has others of its cell before it"
        gaps = [late - early for early, late in pairwise(result.device_ns)]
        assert set(gaps) == {1, 2}, "within a turn the next call, between turns one dropped"


def test_a_device_latency_that_cannot_be_read_fails_its_cell_alone(reference, clock, monkeypatch):
    prepare = FakeRuntime.prepare

    def prepared(self, source, options):
        session = prepare(self, source, options)
        if source.kwargs.get("name") == "bad":
            session.device_ns = lambda latest: 1 // 0
        return session

    monkeypatch.setattr(FakeRuntime, "prepare", prepared)
    found = shared_child.measure(request(reference, {"bad": {}, "good": {"device_ns": 9}}), clock)
    assert (found["bad"].status, found["good"].status) == ("failed", "ok")
    assert "ZeroDivisionError" in found["bad"].reason
    assert set(found["good"].device_ns) == {9}


def test_without_the_runtime_every_cell_says_so(reference):
    asked = request(reference, {"a": {}, "b": {}})
    nowhere = SharedRequest(asked.cells, "fake", SessionOptions(device="moon"), 3, 1, 1)
    found = shared_child.measure(nowhere)
    assert {one.status for one in found.values()} == {"failed"}
    assert "moon" in found["b"].reason


def test_one_reference_is_read_once(reference, clock, monkeypatch):
    read, seen = shared_child.expected.read, []
    monkeypatch.setattr(shared_child.expected, "read", lambda path: seen.append(path) or read(path))
    shared_child.measure(request(reference, {"a": {}, "b": {}, "c": {}}), clock)
    assert [path for path in seen if path] == [reference]
    lost = shared_child.measure(request(f"{reference}.gone", {"a": {}}), clock)
    assert "cannot be read" in lost["a"].reason
