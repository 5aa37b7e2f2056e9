import pytest
import typer

from latbench.cli.progress import MovingWatch, PlainWatch, plan_lines, progress_line, row_line
from latbench.measure.launch import LaunchResult
from latbench.pipeline.watch import Overview, Progress
from latbench.records import CellPlan

OVERVIEW = Overview(
    models=("m",),
    runtimes=("onnxruntime", "openvino"),
    cells=2,
    skipped=0,
    launches=10,
    iterations=4000,
    threads=(4,),
    exports=1,
    seconds=600.0,
    basis="MACs and a matrix product timed just now",
)
CELL = CellPlan(model="m", runtime="r", input_shape="1", target="eager", source={})
OK = LaunchResult("ok", samples_ns=(1,))
ROW = {
    "model": "m",
    "runtime": "r",
    "status": "ok",
    "reason": None,
    "latency_ms": 12.345,
    "latency_ci95_low_ms": 12.0,
    "latency_ci95_high_ms": 12.6,
    "flags": "oversubscribed=4>2",
}


def changed(overview, **fields):
    return Overview(**{**vars(overview), **fields})


def test_the_plan_and_its_estimate_are_two_lines():
    assert plan_lines(OVERVIEW) == [
        "Plan: 2 cells, m on onnxruntime, openvino, 4 threads; "
        "10 launches x 400 inferences each, after 1 export.",
        "Time: about 10 min, from MACs and a matrix product timed just now.",
    ]


def test_what_the_estimate_leaves_out_is_said():
    assert "without own.onnx (MACs not known)" in plan_lines(changed(OVERVIEW, untold=("own.onnx",)))[1]
    assert "not known before" in plan_lines(changed(OVERVIEW, seconds=None))[1]
    assert (
        "2 cells (1 will be skipped), 4 models on"
        in plan_lines(changed(OVERVIEW, skipped=1, models=tuple("abcd")))[0]
    )


def test_a_run_to_a_precision_tells_its_bounds():
    asked = {"target": 0.01, "looks": (5, 10, 80), "launches": 80, "iterations": None}
    plan, time = plan_lines(changed(OVERVIEW, **asked, most_seconds=7200.0))
    assert "; 5 to 80 launches each, until the interval is within ± 1 %, after 1 export." in plan
    assert time.startswith("Time: at least 10 min, at most about 2 h 00 min, from")


def test_a_run_that_may_add_launches_says_so():
    plan, time = plan_lines(changed(OVERVIEW, most_seconds=1200.0))
    assert "10 launches x 400 inferences each, more while levels are rare" in plan
    assert "at most about 20 min" in time


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress(3, 30, 120.0), "3 of 30 launches, about 2 min left"),
        (Progress(0, 30, None), "0 of 30 launches, time left not known yet"),
        (Progress(3, 30, 120.0, exact=False), "3 of about 30 launches, about 2 min left"),
        (Progress(30, 30, 0.0), "30 of 30 launches, done"),
    ],
)
def test_progress_tells_the_time_left(progress, words):
    assert progress_line(progress) == words


def test_a_finished_row_is_one_line():
    assert row_line(ROW) == "m on r: 12.35 ± 0.35 ms [oversubscribed=4>2]"
    assert row_line({**ROW, "status": "crashed", "reason": "SIGSEGV"}) == "m on r: crashed: SIGSEGV"


def test_a_row_that_did_not_converge_keeps_its_figures():
    row = {**ROW, "status": "not_converged", "reason": "± 3 % after 8 launches"}
    assert row_line(row).startswith("m on r: 12.35 ± 0.35 ms [")
    assert row_line(row).endswith("], not_converged: ± 3 % after 8 launches")
    failed = row_line({**row, "latency_ms": None})
    assert failed == "m on r: not_converged: ± 3 % after 8 launches"


def test_what_a_pilot_decided_is_told(capsys):
    PlainWatch().decided(CELL, "pilot of 5 launches")
    assert capsys.readouterr().err == "m on r: pilot of 5 launches\n"


def test_plain_lines_come_after_blocks_and_after_ten_seconds(capsys):
    now = [0.0]
    watch = PlainWatch(clock=lambda: now[0])
    watch.launched(CELL, OK, Progress(1, 9, None))
    now[0] = 11.0
    watch.launched(CELL, OK, Progress(2, 9, None))
    watch.launched(CELL, OK, Progress(3, 9, None))
    watch.block_ended(Progress(4, 9, None))
    watch.block_ended(Progress(4, 9, None))
    lines = capsys.readouterr().err.splitlines()
    assert [line[0] for line in lines] == ["2", "4"]


def test_a_launch_that_failed_is_told_at_once(capsys):
    PlainWatch().launched(CELL, LaunchResult("crashed", "SIGSEGV"), Progress(1, 9, None))
    assert capsys.readouterr().err == "m on r: a launch ended crashed: SIGSEGV\n"


def test_a_resumed_run_says_so(capsys):
    PlainWatch().started("r1", Progress(0, 9, None))
    PlainWatch().started("r1", Progress(4, 9, None))
    assert capsys.readouterr().err.splitlines() == ["Run r1.", "Run r1, resumed: 4 of 9 launches are done."]


def test_everything_goes_to_stderr(capsys):
    watch = PlainWatch()
    watch.planned(OVERVIEW)
    watch.note("words")
    watch.preparing("m", "exporting it")
    watch.finished(ROW)
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 5


def test_the_moving_line_is_drawn_before_a_launch_and_not_during_it(capfd):
    watch = MovingWatch()
    watch.launching(CELL, Progress(1, 9, 60.0))
    drawn = capfd.readouterr().err
    assert "1 of 9 launches, about 60 s left · m on r" in drawn
    watch.launched(CELL, OK, Progress(2, 9, 50.0))
    watch.block_ended(Progress(2, 9, 50.0))
    assert capfd.readouterr().err == ""
    watch.finished(ROW)
    assert "12.35 ± 0.35 ms" in capfd.readouterr().err


def test_the_moving_line_is_taken_away_at_the_end(capfd):
    from rich.console import Console

    watch = MovingWatch(console=Console(stderr=True, force_terminal=True))
    watch.launching(CELL, Progress(2, 9, 50.0))
    watch.close()
    assert capfd.readouterr().err.endswith("\r\x1b[2K")


@pytest.mark.parametrize(("seconds", "asked"), [(60.0, False), (3600.0, True), (None, False)])
def test_a_long_run_of_the_whole_zoo_is_asked_about(monkeypatch, seconds, asked):
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    watch = MovingWatch(ask=True)
    if asked:
        with pytest.raises(typer.Exit):
            watch.planned(changed(OVERVIEW, seconds=seconds))
    else:
        assert watch.planned(changed(OVERVIEW, seconds=seconds)) is None


def test_preparations_of_one_are_not_counted_unless_they_fail(capsys):
    watch = PlainWatch()
    watch.prepared("m", None, 1, 1)
    assert capsys.readouterr().err == ""
    watch.prepared("m", "failed: off by 3", 1, 1)
    watch.prepared("n", None, 2, 5)
    assert capsys.readouterr().err == "1 of 1 prepared: m failed: off by 3\n2 of 5 prepared: n\n"
