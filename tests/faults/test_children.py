"""Measuring processes that misbehave: each ends as a typed row, the sweep goes on, the exit code tells."""

import json
import re

import pytest

from latbench.measure.launch import LaunchResult

FORGED = LaunchResult("ok", samples_ns=(5, 6, 7)).to_json()


def forged(**fields):
    return {"scribble": json.dumps({**FORGED, **fields})}


MISFORTUNES = {
    "segfault": ({"kill": 11}, "crashed", "ended by SIGSEGV"),
    "killed": ({"kill_in_prepare": 9}, "crashed", "ended by SIGKILL"),
    "abort": ({"kill": 6}, "crashed", "ended by SIGABRT"),
    "quits": ({"quit": 7}, "failed", "exit code 7 without a readable result"),
    "raises": ({"fail": "no kernel for Foo"}, "failed", "RuntimeError: no kernel for Foo"),
    "hoards": ({"hoard": 1 << 32}, "oom", "the measuring process ran out of memory"),
    "bad_alloc": ({"fail": "Exception from plugin: std::bad_alloc"}, "oom", "std::bad_alloc"),
    "noise": ({"noise": 8 << 20, "quit": 3}, "failed", "exit code 3 without a readable result"),
    "garbage": ({"scribble": "\x00\ufffdgarbage"}, "failed", "its result is not JSON"),
    "brackets": ({"scribble": ("[", 50_000)}, "failed", "exit code 0, its result is"),
    "huge": ({"scribble": ("7" * 1024, 17 << 10)}, "failed", "bytes, more than any launch leaves"),
    "not_numbers": (forged(samples_ns=[5, float("nan"), 7]), "failed", "NaN is not a figure"),
    "negative": (forged(samples_ns=[5, -6, 7]), "failed", "sample 2 of 3 lasts -6 ns"),
    "zero": (forged(samples_ns=[0, 6, 7]), "failed", "sample 1 of 3 lasts 0 ns"),
    "too_few": (forged(samples_ns=[5, 6]), "failed", "it brought 2 samples, not the 3 asked for"),
    "words": (forged(facts={"threads": "many"}), "failed", "its facts.threads is 'many', not of type int"),
    "nan_outputs": ({"offset": "nan"}, "parity_failed", "output 'y' holds 48 of 48 values that are not fin"),
    "shape": ({"shape": [1, 47]}, "parity_failed", "output 'y' has the shape 1x47, not 1x3x4x4"),
    "dtype": ({"dtype": "int8"}, "parity_failed", "output 'y' holds int8, not float32"),
    "scaled": ({"scale": 1.1}, "parity_failed", "max_rel 0.1 (limit 0.0001)"),
    "no_outputs": ({"count": 0}, "failed", "The model has outputs [], the reference has ['y']"),
    "helper": ({"leave_helper": True, "quit": 5}, "failed", "exit code 5 without a readable result: helper"),
}


@pytest.mark.slow
def test_every_misfortune_is_a_row_and_the_sweep_goes_on(command, ended):
    run = command("first", *MISFORTUNES, "last", misfortunes={k: v[0] for k, v in MISFORTUNES.items()})
    code, said = run.go()
    assert code == 5, said
    assert "Traceback" not in said
    rows = run.rows()
    assert {name: row["status"] for name, row in rows.items()} == {
        "first": "ok",
        **{name: status for name, (_, status, _) in MISFORTUNES.items()},
        "last": "ok",
    }
    for name, (_, status, told) in MISFORTUNES.items():
        assert told in rows[name]["reason"], name
        assert rows[name]["reason"].isprintable()
        assert len(rows[name]["reason"]) < 800
        assert (rows[name]["latency_ms"] is None) == (status != "parity_failed")
    assert ended(int(re.search(r"helper (\d+)", rows["helper"]["reason"])[1]))
    assert not list(run.results.parent.glob("tmp/latbench-*"))


def test_a_few_misfortunes_end_as_rows_and_leave_their_exit_code(command):
    few = ("segfault", "garbage", "shape")
    run = command(*few, "good", misfortunes={name: MISFORTUNES[name][0] for name in few})
    assert run.go()[0] == 5
    assert {model: row["status"] for model, row in run.rows().items()} == {
        **{name: MISFORTUNES[name][1] for name in few},
        "good": "ok",
    }


def test_a_hang_is_a_row_too(command):
    run = command("stuck", misfortunes={"stuck": {"hang_in_prepare": True}}, timeout=1)
    assert run.go()[0] == 5
    row = run.rows()["stuck"]
    assert (row["status"], row["latency_ms"]) == ("timeout", None)
    assert row["reason"].startswith("no result after 1 s")


@pytest.mark.slow
def test_after_a_hang_the_sweep_goes_on(command):
    run = command("stuck", "good", misfortunes={"stuck": {"hang": True}}, timeout=8)
    assert run.go()[0] == 5
    assert {model: row["status"] for model, row in run.rows().items()} == {"stuck": "timeout", "good": "ok"}
