import pytest

from latbench.machine import kernels, witnesses
from latbench.machine.probe import probe
from latbench.records.flags import fired, flags
from latbench.records.flags.base import Evidence
from latbench.records.row import MACHINE


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


def seen(**witnesses):
    return {"witnesses": witnesses}


def clocked(before, after):
    return seen(frequency_before_mhz=before, frequency_after_mhz=after)


def computed(before, after):
    return seen(compute_cpus=[0, 3], compute_before_ns=before, compute_after_ns=after)


def handed(before, after):
    return seen(handoff_before_ns=before, handoff_after_ns=after)


def test_a_clean_row_has_no_flag(evidence):
    assert fired(evidence()) == ()


def test_names_are_unique_and_described():
    names = [flag.name for flag in flags()]
    assert names == sorted(set(names))
    assert all(flag.description.endswith(".") for flag in flags())
    assert all(flag.mend is None or flag.mend.endswith(".") for flag in flags())


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
        (({}, {"samples_ns": (9_000_000,) * 4}), {}, ("warmup_unsettled=1/2",)),
        (({"warmup_ns": ()},) * 2, {}, ()),
        ((seen(throttled_ms=1.5), seen(throttled_ms=11)), {}, ("throttled=12.5ms",)),
        ((seen(throttled_ms=0.0), seen(throttled_ms=None)), {}, ()),
        ((seen(thermal_throttles=1), seen(thermal_throttles=2)), {}, ("overheated=3",)),
        ((seen(steal_percent=3.14159), seen(steal_percent=1)), {}, ("stolen=3.14%",)),
        ((seen(steal_percent=0.9), seen(steal_percent=None)), {}, ()),
        ((seen(involuntary_switches=1), seen(involuntary_switches=1)), {}, ("involuntary_switches=0.25",)),
        ((seen(involuntary_switches=2), {}), {}, ("involuntary_switches=0.5",)),
        ((seen(involuntary_switches=0),) * 2, {}, ()),
        (
            (seen(migrations=26, elapsed_ms=1000), seen(migrations=12, elapsed_ms=1000)),
            {},
            ("migrated=26/s",),
        ),
        ((seen(migrations=9, elapsed_ms=100), seen(migrations=30, elapsed_ms=10_000)), {}, ()),
        ((seen(migrations=None, elapsed_ms=1), seen(migrations=30, elapsed_ms=0)), {}, ()),
        ((seen(flush_denormals_ratio=3.14), {}), {}, ("denormals=3.14x",)),
        ((seen(flush_denormals_ratio=1.2), {}), {}, ("denormals=1.2x",)),
        ((seen(flush_denormals_ratio=1.19), seen(flush_denormals_ratio=None)), {}, ()),
        ((clocked(3500, 2800), clocked(3000, 3000)), {}, ("frequency_moved=3500->2800MHz",)),
        ((clocked(3000, 2900), clocked(None, 2000)), {}, ()),
        ((computed((40, 50), (44, 51)), computed((41, 72), (60, 70))), {}, ("slow_cpu=1.4x@cpu3,1/2",)),
        ((computed((40, 50), (40, 90)), computed((80, 50), (40, 50))), {}, ()),
        ((computed((40, None), (40, 90)), computed(None, (40, 50))), {}, ()),
        ((handed(90, 100), handed(440, 430), handed(100, 440)), {}, ("slow_handoff=4.3x,1/3",)),
        ((handed(30, 70), handed(60, 60), handed(70, 70), handed(65, 70)), {}, ()),
        ((handed(90, 100), handed(None, 900), handed(900, None)), {}, ()),
    ],
)
def test_a_flag_carries_the_figure_that_fired_it(evidence, launches, changes, expected):
    run_changes = {"machine": {"usable_cpus": changes.pop("usable")}} if "usable" in changes else {}
    assert fired(evidence(*launches, run_changes=run_changes, **changes)) == expected


def test_threads_asked_for_are_judged_before_any_launch(run, plan):
    cell = plan(threads=8)
    assert fired(Evidence(run(cell, machine={"usable_cpus": 4}), cell, ())) == ("oversubscribed=8>4",)


def test_the_real_change_point_settles_the_warm_up(monkeypatch, evidence):
    monkeypatch.undo()
    steady = {"warmup_ns": (10**7,) * 20, "samples_ns": (1_000_000, 1_001_000) * 10}
    moving = {**steady, "samples_ns": (2_000_000, 2_001_000) * 5 + (1_000_000, 1_001_000) * 5}
    assert fired(evidence(steady, steady)) == ()
    assert fired(evidence(steady, moving)) == ("warmup_unsettled=1/2",)


def test_every_witness_looked_at_is_one_the_machine_tells():
    told = witnesses.difference(witnesses.snapshot(), witnesses.snapshot())
    assert {"throttled_ms", "thermal_throttles", "steal_percent", "involuntary_switches"} <= told.keys()
    assert {"migrations", "elapsed_ms", "frequency_before_mhz", "frequency_after_mhz"} <= told.keys()
    around = {**kernels.witnessed("before"), **kernels.witnessed("after")}
    names = {f"{kernel}_{moment}_ns" for kernel in ("compute", "handoff") for moment in ("before", "after")}
    assert {"compute_cpus", *names} <= around.keys()


def test_every_machine_column_is_one_the_probe_tells():
    assert set(MACHINE) <= probe().keys()
