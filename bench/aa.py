"""Compares one model with itself, again and again, and prints how often the verdict is false.

Run by `make bench-aa`. Each comparison is a session of `latbench compare` in a folder of its own: ABBA blocks
of fresh processes, its own seed, its own A/A arm. FASTER, SLOWER and UNTRUSTED are false. Beside it stands
what Welch's t-test and the Mann-Whitney test say of the pooled iterations of the same launches. The same
command goes on where it was interrupted. Exits with 1 when that many false verdicts, if each had a chance of
5 %, would come in fewer than 1 of 100 such benchmarks.
"""

import argparse
import csv
import math
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from latbench.errors import LatbenchError
from latbench.pipeline.compare import compare
from latbench.pipeline.options import RunOptions
from latbench.records import RECORDS, Records, read
from latbench.records.compare.outcome import Pair
from latbench.records.compare.session import compare_session
from latbench.stats.verdict import ERROR, MARGIN

FALSE = ("FASTER", "SLOWER", "UNTRUSTED")
ARTIFACTS = "artifacts"


@dataclass(frozen=True)
class Line:
    """One comparison of A with A: its verdict, its figures, and the p-values of the tests over iterations."""

    comparison: int
    verdict: str
    ratio: float
    ratio_low: float | None
    ratio_high: float | None
    p_value: float | None
    guard_ratio: float | None
    blocks: int | None
    iterations: int
    first_ms: float
    second_ms: float
    t_test_p: float
    mann_whitney_p: float


def session(model: str, options: RunOptions, margin: float, command: Sequence[str]) -> Line:
    """Return the line of the session in `options.output`, which is measured unless it stands there whole."""
    if (options.output / RECORDS).is_file():
        records = read(options.output)
        if records.runs and len(records.cells) == len(records.runs[-1].cells):
            return line(options.seed, compare_session(records, margin=margin).pairs[0], records)
    pair = compare(model, model, options, margin=margin, command=command).pairs[0]
    return line(options.seed, pair, read(options.output))


def line(number: int, pair: Pair, records: Records) -> Line:
    """Return what `pair` and the pooled iterations of its two cells say; SystemExit without a verdict."""
    from scipy import stats as scipy_stats

    if pair.verdict is None or pair.ratio is None or pair.baseline is None or pair.candidate is None:
        raise SystemExit(f"Comparison {number} has no verdict: {pair.reason}")
    run, launches = records.runs[-1], records.ok_launches()
    one, other = (
        np.concatenate([launch.result.samples_ns for launch in launches[run.run_id, cell.cell_id]])
        for cell in run.cells
    )
    return Line(
        comparison=number,
        verdict=pair.verdict,
        ratio=pair.ratio.estimate,
        ratio_low=pair.ratio.low,
        ratio_high=pair.ratio.high,
        p_value=pair.p_value,
        guard_ratio=None if pair.guard is None else pair.guard.estimate,
        blocks=pair.units,
        iterations=len(one),
        first_ms=pair.baseline["latency_ms"],
        second_ms=pair.candidate["latency_ms"],
        t_test_p=float(scipy_stats.ttest_ind(one, other, equal_var=False).pvalue),
        mann_whitney_p=float(scipy_stats.mannwhitneyu(one, other).pvalue),
    )


def summary(lines: Sequence[Line]) -> str:
    """Return the rates in words."""
    count = len(lines)
    false = [line.verdict in FALSE for line in lines]
    verdicts = ("SAME", "UNDECIDED", *FALSE)
    told = ", ".join(f"{sum(line.verdict == one for line in lines)} {one}" for one in verdicts)
    size = f"{lines[0].blocks} blocks, {lines[0].iterations} iterations a side"
    return "\n".join(
        (
            f"{count} comparisons of a model with itself ({size}) called different by",
            f"  latbench compare                         {_rate(false)}: {told}",
            f"  t-test over pooled iterations            {_rate([x.t_test_p < ERROR for x in lines])}",
            f"  Mann-Whitney over pooled iterations      {_rate([x.mann_whitney_p < ERROR for x in lines])}",
        )
    )


def _rate(said: Sequence[bool]) -> str:
    return f"{sum(said):>3} of {len(said)} ({100 * sum(said) / len(said):.0f} %)"


def by_chance(false: int, count: int) -> float:
    """Return the chance of `false` or more false verdicts among `count` when each has 5 %."""
    return 1 - sum(math.comb(count, k) * ERROR**k * (1 - ERROR) ** (count - k) for k in range(false))


def write(path: Path, lines: Sequence[Line]) -> None:
    """Write one line for each comparison; an empty cell is unknown."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([item.name for item in fields(Line)])
        writer.writerows(
            ["" if value is None else value for value in asdict(line).values()] for line in lines
        )


def main() -> int:
    """Measure what has not been measured, then print the rates; return 1 when false verdicts are too many."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="efficientmod_xxs", help="a NAME, as `latbench run` takes it")
    parser.add_argument("--runtime", default="onnxruntime")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--comparisons", type=int, default=30)
    parser.add_argument("--blocks", type=int, default=10, help="blocks of four launches in each")
    parser.add_argument("--per-launch", type=int, default=40, help="timed iterations of each launch")
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--margin", type=float, default=MARGIN)
    parser.add_argument("--output", type=Path, default=Path("latbench-results/aa"), help="their folders")
    parser.add_argument("--csv", type=Path, help="one line for each comparison goes there")
    asked = parser.parse_args()
    launches = 2 * asked.blocks
    first, lines = asked.output / "01", []
    try:
        for number in range(1, asked.comparisons + 1):
            folder = asked.output / f"{number:02}"
            if (first / ARTIFACTS).is_dir() and not (folder / ARTIFACTS).exists():
                shutil.copytree(first / ARTIFACTS, folder / ARTIFACTS, copy_function=os.link)
            options = RunOptions(
                runtimes=(asked.runtime,),
                threads=asked.threads,
                launches=launches,
                iterations=launches * asked.per_launch,
                warmup=asked.warmup,
                seed=number,
                output=folder,
            )
            lines.append(session(asked.model, options, asked.margin, ("bench/aa.py", *sys.argv[1:])))
            last = lines[-1]
            print(f"{number}: {last.verdict}, ratio {last.ratio:.4f}", file=sys.stderr, flush=True)
    except LatbenchError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    if asked.csv:
        write(asked.csv, lines)
    print(summary(lines))
    return int(by_chance(sum(line.verdict in FALSE for line in lines), len(lines)) < 0.01)


if __name__ == "__main__":
    sys.exit(main())
