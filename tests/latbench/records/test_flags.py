import pytest

from latbench.records.flags import fired, flags
from latbench.records.flags.base import Evidence


@pytest.fixture
def evidence(run, plan, result):
    """Return the evidence of launches with the given changes, of a plan and a run with the given changes."""

    def build(*launches, run_changes=None, **changes):
        cell = plan(**changes)
        results = tuple(result(**one) for one in (launches or ({}, {})))
        return Evidence(run(cell, **(run_changes or {})), cell, results)

    return build


def facts(**changes):
    return {"facts": {"device": "cpu", "precision": "fp32", "threads": 2, "boundary": "host"} | changes}


def test_a_clean_row_has_no_flag(evidence):
    assert fired(evidence()) == ()


def test_names_are_unique_and_described():
    names = [flag.name for flag in flags()]
    assert names == sorted(set(names))
    assert all(flag.description.endswith(".") for flag in flags())


@pytest.mark.parametrize(
    ("launches", "changes", "expected"),
    [
        ((facts(threads=4), facts(threads=4)), {"threads": 4, "usable": 2}, ("oversubscribed=4>2",)),
        ((facts(), facts()), {"usable": 2}, ()),
        ((facts(), facts()), {"usable": None}, ()),
        ((facts(precision="bf16"),) * 2, {}, ("precision_differs=fp32->bf16",)),
        ((facts(precision=None),) * 2, {}, ()),
        ((facts(threads=1),) * 2, {}, ("threads_differ=2->1",)),
        ((facts(spinning=True),) * 2, {"spinning": False}, ("spinning_differs=off->on",)),
        ((facts(spinning=True),) * 2, {"spinning": None}, ()),
        ((facts(device="cpu"),) * 2, {"device": "cuda"}, ("provider_differs=cuda->cpu",)),
        ((facts(device="cuda:0"),) * 2, {"device": "cuda"}, ()),
        ((facts(device="cuda:0"),) * 2, {"device": "cuda:1"}, ("provider_differs=cuda:1->cuda:0",)),
        (({},), {}, ("no_interval=1",)),
        (({}, {"parity": None}), {}, ("parity_unchecked=1/2",)),
        (({}, {"warmup_ns": (9_000_000,)}), {}, ("warmup_unsettled=1/2",)),
        (({"warmup_ns": ()},) * 2, {}, ()),
    ],
)
def test_a_flag_carries_the_figure_that_fired_it(evidence, launches, changes, expected):
    run_changes = {"machine": {"usable_cpus": changes.pop("usable")}} if "usable" in changes else {}
    assert fired(evidence(*launches, run_changes=run_changes, **changes)) == expected


def test_threads_asked_for_are_judged_before_any_launch(run, plan):
    cell = plan(threads=8)
    assert fired(Evidence(run(cell, machine={"usable_cpus": 4}), cell, ())) == ("oversubscribed=8>4",)
