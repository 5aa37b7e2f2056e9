"""The samples of a row as strips of blocks, one launch a line: levels, steps and drift at a glance."""

import math
from collections.abc import Sequence
from statistics import median

from latbench.records import Measured, Row
from latbench.reports.figures import number
from latbench.reports.layout import aligned, wrapped
from latbench.reports.levels import sentence, several
from latbench.reports.spark import BLOCKS, Scale
from latbench.reports.title import details, title

_WIDTH = 100
_NARROWEST = 20
_BESIDE = 30
"""Characters that the figures beside a strip take."""

_NS_PER_MS = 1e6


def stream(row: Row, measured: Measured, width: int | None = None, marks: str = BLOCKS) -> str:
    """Return a line per launch of `row`: its number, median and slowest sample in ms, its samples in order.

    Each mark is the median of as many samples as it takes for the longest launch to fit into `width`
    characters; all launches share one logarithmic scale, named above.
    """
    streams = [
        (launch.index + 1, [sample / _NS_PER_MS for sample in launch.result.samples_ns])
        for launch in measured.kept
        if any(launch.result.samples_ns)
    ]
    if not streams:
        return f"{title(row)}\n\nNo launch finished.\n"
    room = max(_NARROWEST, (width or _WIDTH) - _BESIDE)
    each = math.ceil(max(len(samples) for _, samples in streams) / room)
    slices = [_medians(samples, each) for _, samples in streams]
    scale = Scale.over((value for values in slices for value in values if value > 0), marks)
    table = [["launch", "median ms", "slowest"]]
    table += [[str(at), number(median(samples)), number(max(samples))] for at, samples in streams]
    head, *lines = aligned(table)
    strips = [f"{line}  {scale.strip(values)}" for line, values in zip(lines, slices, strict=True)]
    return (
        "\n".join(
            [
                title(row),
                *wrapped(details(row), width or _WIDTH),
                "",
                *_legend(row, scale, each, width or _WIDTH),
                "",
                head,
                *strips,
            ]
        )
        + "\n"
    )


def _legend(row: Row, scale: Scale, each: int, width: int) -> list[str]:
    found = several(row)
    mark = "a sample" if each == 1 else f"the median of {each} samples"
    lines = [
        f"{scale.marks[0]} {number(scale.low)} ms to {scale.marks[-1]} {number(scale.high)} ms, logarithmic; "
        f"each mark is {mark}, in the order taken."
    ]
    if found:
        lines.append(f"The model {sentence(row)}.")
        lines.append("; ".join(f"{scale.mark(level.ms)} is {number(level.ms)} ms" for level in found) + ".")
    return [part for line in lines for part in wrapped(line, width)]


def _medians(samples: Sequence[float], each: int) -> list[float]:
    return [median(samples[start : start + each]) for start in range(0, len(samples), each)]
