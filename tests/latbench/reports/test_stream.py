import pytest

from latbench.records import Measured
from latbench.reports.spark import BLOCKS, PLAIN
from latbench.reports.stream import stream

GOLDEN = """\
efficientmod_s on onnxruntime, 4 threads: ok
portable · expand=broadcast · fp32 · 1x3x224x224 · run-1

▁ 5.70 ms to █ 8.90 ms, logarithmic; each mark is a sample, in the order taken.
The model ran at 5.710 ± 0.050 ms in 62 % of the inferences (9 launches) and at 8.90 ± 0.12 ms in
38 % of the inferences (6 launches): compare level by level.
▁ is 5.71 ms; █ is 8.90 ms.

launch  median ms  slowest
     1       5.75     8.90  ▁▁▁██
     2       7.10     7.10  ▄
"""


def test_golden(levelled, measured):
    assert stream(levelled(), measured((5.7, 5.7, 5.75, 8.9, 8.9), (7.1,))) == GOLDEN


@pytest.mark.parametrize("width", [1, 60, 80, 200, None])
@pytest.mark.parametrize("count", [1, 59, 400, 4001])
def test_the_strips_stay_inside_the_width(row, measured, width, count):
    lines = stream(row(), measured([10.0 + (at % 7) for at in range(count)]), width).splitlines()
    assert max(len(line) for line in lines if line[-1:] in BLOCKS) <= max(width or 100, 50)


def test_a_mark_stands_for_as_many_samples_in_every_launch(row, measured):
    *_, long, short = stream(row(), measured([10.0] * 400, [10.0] * 100), 80).splitlines()
    marks = [sum(character in BLOCKS for character in line) for line in (long, short)]
    assert marks == [50, 13]


def test_plain_marks_where_blocks_cannot_be_shown(row, measured):
    last = stream(row(), measured([5.0, 9.0]), marks=PLAIN).splitlines()[-1]
    assert last.endswith("_#")


def test_nothing_measured_is_said(crashed, measured):
    assert stream(crashed(), Measured()).endswith("\n\nNo launch finished.\n")
    assert stream(crashed(), measured((), (0.0,))).endswith("\n\nNo launch finished.\n")


def test_a_sample_of_zero_is_drawn_at_the_foot(row, measured):
    assert stream(row(), measured((0.0, 8.0, 9.0))).splitlines()[-1].endswith("▁▁█")
