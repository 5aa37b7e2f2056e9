from latbench.pipeline.estimate import Cost
from latbench.pipeline.options import RunOptions
from latbench.pipeline.outlook import forecast, overview
from latbench.pipeline.plan import Planned, subjects, wanted
from latbench.pipeline.survey import Survey
from latbench.runtimes.base import Availability

HERE, GONE = Availability(True, "1"), Availability(False, reason="none", mend="install it")
SURVEY = Survey({}, {}, macs_per_s=1e9, start_s=0.5)


def told(*parts, seen=None, exports=0):
    available = {"onnxruntime": HERE, "openvino": GONE, "pytorch": HERE}
    cells = [one for part in parts for one in wanted(subjects(part), part, available)]
    return overview(cells, parts[0], exports, SURVEY, seen or {})


def test_the_overview_counts_cells_exports_and_seconds():
    options = RunOptions(names=("efficientmod_s",), threads=1, launches=5, iterations=100)
    found = told(options, exports=1)
    assert (found.cells, found.skipped, found.launches, found.iterations) == (3, 1, 5, 100)
    assert found.seconds > 15
    assert found.seconds > told(options).seconds


def test_parts_may_differ_in_threads():
    one = RunOptions(names=("efficientmod_s",), threads=1)
    two = RunOptions(names=("efficientmod_s",), threads=2)
    assert told(one, two).threads == (1, 2)


def test_a_cell_without_macs_is_left_out_and_said(graph):
    found = told(RunOptions(names=(str(graph()),), runtimes=("onnxruntime",)))
    assert found.seconds is None
    assert len(found.untold) == 1


def test_the_forecast_takes_what_was_seen_before_what_is_guessed(plan, cell):
    from latbench.pipeline.estimate import key_of

    slow, own = cell("slow", macs=10**9), cell("own")
    record = plan(slow, own, launches=2, iterations=4)
    seen = {key_of(own): Cost(1.0, 0.5, "earlier")}
    found = forecast([Planned(slow), Planned(own)], record, SURVEY, seen)
    assert found.launch_s(own.cell_id) == 2.0
    assert found.launch_s(slow.cell_id) > 2.0
