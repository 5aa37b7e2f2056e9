import pytest

from latbench.machine import witnesses as machine
from latbench.reports.witnesses import WITNESSES, seen, shown, summary


def figures(launch, **told):
    """Return what one launch with the witnesses `told` shows, by title."""
    return {witness.title: values for witness, values in seen([launch(told=told)]).figures.items()}


@pytest.mark.parametrize(
    ("told", "title", "figure"),
    [
        ({"steal_percent": 1.5}, "stolen %", 1.5),
        ({"involuntary_switches": 6}, "taken", 2.0),
        ({"migrations": 4}, "moved", 4.0),
        ({"throttled_ms": 12.5}, "quota ms", 12.5),
        ({"thermal_throttles": 3}, "heat", 3.0),
        ({"frequency_before_mhz": 3000.0, "frequency_after_mhz": 2400.0}, "MHz", 2400.0),
        ({"compute_before_ns": [400_000, 500_000], "compute_after_ns": [410_000, None]}, "best us", 400.0),
        ({"compute_before_ns": [400_000, 500_000], "compute_after_ns": [410_000, None]}, "worst us", 500.0),
        ({"handoff_before_ns": 120.0}, "hand-off", 120.0),
        ({"handoff_after_ns": [440.0]}, "after", 440.0),
        ({"handoff_pause_before_ns": 300, "handoff_pause_after_ns": 900}, "pausing", 900.0),
        ({"flush_denormals_ratio": 3.1}, "denormal", 3.1),
    ],
)
def test_each_witness_has_its_figure(launch, told, title, figure):
    assert figures(launch, **told)[title] == [pytest.approx(figure)]


def test_what_did_not_happen_is_told_from_what_is_not_known(launch):
    saw = seen([launch(told={"steal_percent": 0.0, "load_before": 0.0, "migrations": None})])
    assert [witness.title for witness in saw.figures] == ["load avg"]
    assert saw.none == ("CPU time the hypervisor gave to others",)
    assert "threads moved to another CPU" in saw.untold
    assert len(saw.figures) + len(saw.none) + len(saw.untold) == len(WITNESSES)


@pytest.mark.parametrize("odd", ["nan", True, [], [None], {}])
def test_what_is_no_number_is_unknown(launch, odd):
    assert figures(launch, steal_percent=odd, compute_before_ns=odd, handoff_before_ns=odd) == {}


def test_a_launch_without_samples_has_nothing_per_inference(launch):
    assert seen([launch(samples=(), told={"involuntary_switches": 6})]).figures == {}


def test_a_witness_that_some_launches_lack_is_summed_up_over_the_others(launch):
    saw = seen([launch(told={"migrations": 2}), launch(), launch(told={"migrations": 8})])
    assert [summary(values) for values in saw.figures.values()] == [(2.0, 5.0, 8.0)]


def test_whole_figures_are_shown_whole():
    assert [shown(one) for one in (24.0, 0.0492, None)] == ["24", "0.0492", "–"]


def test_titles_and_names_are_unique():
    assert len({witness.title for witness in WITNESSES}) == len(WITNESSES)
    assert len({witness.label for witness in WITNESSES}) == len(WITNESSES)


def test_a_real_launch_tells_some(launch):
    told = machine.difference(machine.snapshot(), machine.snapshot())
    assert "taken" in {witness.title for witness in WITNESSES}
    assert len(seen([launch(told=told)]).untold) < len(WITNESSES)
