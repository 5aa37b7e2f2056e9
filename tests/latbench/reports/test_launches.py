from latbench.records import Measured
from latbench.reports.launches import launch_table, lost, medians

GOLDEN = """\
efficientmod_s on onnxruntime, 4 threads: ok
portable · expand=broadcast · fp32 · 1x3x224x224 · run-1

launch     began  n  median ms  fastest  slowest  first  load  moved
     1  03:04:06  3       11.0     10.0     12.0   30.0   123      0
     2         –  2       10.5     10.0     11.0      –   123      7

moved         threads moved to another CPU, times.
none seen     CPU time the hypervisor gave to others.
not told here CPUs taken by other work; stopped by a CPU quota; slowed by heat;"""
END = """\
not counted   launch 1, attempt 1: crashed (killed by signal 11)
"""


def test_golden(row, launch):
    told = {"steal_percent": 0.0, "migrations": 0}
    kept = (
        launch(told=told),
        launch((10.0, 11.0), 1, started=None, first_inference_ns=None, told={**told, "migrations": 7}),
    )
    crashed = launch((), status="crashed", reason="killed by\nsignal 11")
    shown = launch_table(row(), Measured(kept, (crashed,)))
    assert shown.startswith(GOLDEN)
    assert shown.endswith(END)


def test_a_cell_whose_launches_all_failed_says_why(crashed, launch):
    shown = launch_table(crashed(), Measured((), (launch((), status="oom"),)))
    assert "No launch finished." in shown
    assert "launch 1, attempt 1: oom\n" in shown


def test_a_repeated_launch_is_told_from_a_failed_one(launch):
    (line,) = lost([launch(attempt=1)])
    assert line == "not counted   launch 1, attempt 2: repeated although it had been measured"


def test_medians_are_in_milliseconds_and_in_order(measured):
    assert medians(measured((3.0, 1.0, 2.0), (), (8.0, 9.0)).kept) == [2.0, 8.5]
