"""Prints how much faster ParC's `auto` lowerings run than its spatial form, and whether the goals are met.

Run by `make bench-parc`. Parts, to be named to run some alone: `isolated` (single operators, auto against the
spatial form), `dft` (auto against the DFT operator, in ONNX Runtime), `network` (an operator between 1x1
convolutions, auto against spatial) and `models` (whole networks at their own resolution and at 384, auto
against a plain dynamo export of the published form).

Both graphs of a pair are loaded in one process that holds one runtime, and take turns in an order drawn anew
for each turn, one call untimed before each timed one; that process is started afresh for each repeat, in
seeded random order over all pairs, and loads them the other way round every other time. `median` is the
median over repeats of the ratio of medians; `minimum` the ratio of the smallest times of all. Threads, 1
unless asked otherwise, and float32.
"""

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

RUNTIMES = ("onnxruntime", "openvino")
PARTS = ("isolated", "dft", "network", "models")
SIZES = (14, 28, 56, 112, 224, 448)
CHANNELS = (32, 64, 96, 192)
LARGER = 384
WARMUP, FEWEST, MOST = 3, 5, 300

ALWAYS = 0.95
"""What no single operator may fall under, alone."""

ISOLATED: Mapping[tuple[str, str], Mapping[int, float]] = {
    ("onnxruntime", "h"): {14: 1.1, 28: 1.1, 56: 3, 112: 4.5, 224: 7.5, 448: 14},
    ("onnxruntime", "w"): {14: 1.1, 28: 1.1, 56: 1.4, 112: 1.8, 224: 2.5, 448: 3.3},
    ("openvino", "h"): {14: 1.1, 28: 1.1, 56: 4, 112: 6, 224: 15, 448: 23},
    ("openvino", "w"): {14: 1.1, 28: 1.1, 56: 2, 112: 2.5, 224: 5, 448: 7},
}
DFT = 70.0
NETWORK: Mapping[tuple[str, str], Mapping[int, float]] = {
    ("onnxruntime", "h"): {56: 1.4, 112: 2.7, 224: 3.5},
    ("onnxruntime", "w"): {56: 1.1, 112: 1.35, 224: 1.6},
    ("openvino", "h"): {56: 2.2, 112: 4, 224: 5.5},
    ("openvino", "w"): {56: 1.3, 112: 2.3, 224: 3.4},
}
MODELS, MODELS_LARGER = 0.98, 1.05
"""The least for a whole network at its own resolution, and at 384 ("clearly faster")."""


@dataclass(frozen=True)
class Pair:
    """Two graphs of one thing on one runtime: `baseline` and `candidate` are values of --parc, or "plain".

    `name` is an operator of the zoo, or a model at `size` pixels; `goal` the least ratio wanted of it alone.
    """

    part: str
    name: str
    runtime: str
    size: int
    baseline: str
    candidate: str = "auto"
    axis: str | None = None
    channels: int | None = None
    goal: float | None = None


@dataclass(frozen=True)
class Line:
    """What came out for some pairs of equal `what`: ratios baseline / candidate, above 1 where it is faster.

    `goal` None asks nothing; `worst` is the smallest median among the pairs, which `floor` bounds.
    """

    part: str
    runtime: str
    what: str
    size: int
    pairs: int
    median: float
    minimum: float
    worst: float
    goal: float | None
    floor: float | None = None

    @property
    def met(self) -> bool:
        """Whether every goal is reached; with none, that is so."""
        reached = self.goal is None or self.median >= self.goal
        return reached and (self.floor is None or self.worst >= self.floor)


def pairs(part: str, runtimes: Sequence[str], limit: float) -> Iterator[Pair]:
    """Yield what a part measures; an operator whose activation is over `limit` MiB is left out."""
    if part == "models":
        yield from _models(runtimes)
        return
    from latbench.zoo.parcs import ParcSpec

    sizes = (56, 112, 224) if part == "network" else SIZES
    channels = {"isolated": CHANNELS, "dft": (32, 64), "network": (64,)}[part]
    context = "network" if part == "network" else "isolated"
    for runtime in runtimes if part != "dft" else [name for name in runtimes if name == "onnxruntime"]:
        for axis in "hw":
            for size in sizes:
                for count in channels:
                    if 4 * count * size * size <= limit * 2**20:
                        name = ParcSpec(axis, count, size, size, False, context).name
                        baseline = "dft_op" if part == "dft" else "spatial"
                        goal = {"dft": DFT}.get(part, ALWAYS if part == "isolated" else None)
                        yield Pair(part, name, runtime, size, baseline, "auto", axis, count, goal)


def _models(runtimes: Sequence[str]) -> Iterator[Pair]:
    from latbench.zoo.registry import models

    for known in models():
        if "parc" in known.forms:
            for size in (known.resolution, LARGER):
                goal = MODELS if size == known.resolution else MODELS_LARGER
                yield from (
                    Pair("models", known.name, runtime, size, "plain", goal=goal) for runtime in runtimes
                )


def export_pair(pair: Pair, folder: Path, threads: int, table: Path | None) -> tuple[Path, Path]:
    """Return the files of `pair`, written to `folder`: the baseline's and the candidate's."""
    import exporters
    from exporters.capture import capture
    from exporters.export import DEFAULT_OPSET

    if pair.part == "models":
        return _export_models(pair, folder, threads, table)
    from latbench.zoo.parcs import create_parc, parc_input

    module, image = create_parc(pair.name), parc_input(pair.name)
    captured = capture(module, (image,), DEFAULT_OPSET)
    stems = [f"{pair.name}-{pair.runtime}-{form}" for form in (pair.baseline, pair.candidate)]
    return _both(
        exporters.export(
            module,
            (image,),
            name=pair.name,
            output=folder,
            stem=stem,
            target=pair.runtime,
            lowering=form,
            threads=threads,
            table=table,
            captured=captured,
        ).path
        for stem, form in zip(stems, (pair.baseline, pair.candidate), strict=True)
    )


def _export_models(pair: Pair, folder: Path, threads: int, table: Path | None) -> tuple[Path, Path]:
    from export import plain_export

    import exporters
    from latbench.zoo.create import create_model, example_input
    from latbench.zoo.registry import spec

    known = spec(pair.name)
    image = example_input(known, pair.size)
    plain = folder / f"{pair.name}-{pair.size}-plain.onnx"
    if not plain.exists():
        plain_export(create_model(pair.name, pair.size, parc="spatial"), image, plain)
    made = exporters.export(
        create_model(pair.name, pair.size, seed=0, **known.forms_for(pair.runtime)),
        (image,),
        name=pair.name,
        output=folder,
        stem=f"{pair.name}-{pair.size}-{pair.runtime}",
        target=pair.runtime,
        lowering=pair.candidate,
        threads=threads,
        table=table,
    )
    return plain, made.path


def _both(files: Iterable[Path]) -> tuple[Path, Path]:
    first, second = files
    return first, second


def child(runtime: str, budget: float, threads: int, files: Sequence[str]) -> None:
    """Print, as JSON, the samples in ns of every file, taken by turns for about `budget` seconds."""
    from export import loaded

    runs = [session.run for session in loaded(runtime, threads, files)]
    samples: list[list[int]] = [[] for _ in runs]
    order, clock, took = random.Random(0), time.perf_counter_ns, 0
    while len(samples[0]) < FEWEST + WARMUP or (took < budget * 1e9 and len(samples[0]) < MOST + WARMUP):
        for place in order.sample(range(len(runs)), len(runs)):
            before = clock()
            runs[place]()
            begin = clock()
            runs[place]()
            end = clock()
            samples[place].append(end - begin)
            took += end - before
    print(json.dumps([each[WARMUP:] for each in samples]))


def measure(
    found: Mapping[Pair, tuple[Path, Path]], repeats: int, budget: float, threads: int
) -> dict[Pair, list[list[list[int]]]]:
    """Return the samples of each pair: of each repeat, of the baseline and of the candidate."""
    order = random.Random(0)
    taken: dict[Pair, list[list[list[int]]]] = {pair: [] for pair in found}
    for repeat in range(repeats):
        for pair in order.sample(list(found), len(found)):
            arguments = ["--child", pair.runtime, "--budget", str(budget), "--threads", str(threads)]
            turned = repeat % 2 == 1  # what is loaded first may get the better memory
            files = found[pair][::-1] if turned else found[pair]
            command = [sys.executable, __file__, *arguments, *map(str, files)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                told = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
                raise SystemExit(f"{pair.name} on {pair.runtime} failed: {told}")
            samples = json.loads(done.stdout.splitlines()[-1])
            taken[pair].append(samples[::-1] if turned else samples)
        print(f"repeat {repeat + 1} of {repeats} done", file=sys.stderr)
    return taken


def ratios(runs: Sequence[Sequence[Sequence[int]]]) -> tuple[float, float]:
    """Return baseline / candidate, over repeats the median ratio of medians, and the ratio of all minima."""
    of_medians = median(median(base) / median(mine) for base, mine in runs)
    first, second = (min(min(run[side]) for run in runs) for side in (0, 1))
    return of_medians, first / second


def lines(taken: Mapping[Pair, Sequence[Sequence[Sequence[int]]]]) -> list[Line]:
    """Return the lines of the report: operators over their channel counts, models one by one."""
    groups: dict[tuple[str, str, str, int], list[Pair]] = {}
    for pair in taken:
        what = pair.name if pair.part == "models" else f"axis {pair.axis}"
        groups.setdefault((pair.part, pair.runtime, what, pair.size), []).append(pair)
    return [_line(key, group, taken) for key, group in groups.items()]


def _line(
    key: tuple[str, str, str, int],
    group: Sequence[Pair],
    taken: Mapping[Pair, Sequence[Sequence[Sequence[int]]]],
) -> Line:
    part, runtime, _, size = key
    found = [ratios(taken[pair]) for pair in group]
    by_axis = {"isolated": ISOLATED, "network": NETWORK}.get(part, {})
    axis = group[0].axis
    goal = group[0].goal if axis is None or part == "dft" else by_axis.get((runtime, axis), {}).get(size)
    medians, minima = zip(*found, strict=True)
    floor = group[0].goal if part in ("isolated", "dft") else None
    return Line(*key, len(group), median(medians), median(minima), min(medians), goal, floor)


def report(told: Sequence[Line]) -> bool:
    """Print every line with its goal; tell whether all are met."""
    titles = ("part", "runtime", "what", "size", "pairs", "median", "minimum", "worst", "goal")
    print("{:9} {:12} {:20} {:>5} {:>5} {:>8} {:>8} {:>8} {:>6}".format(*titles))
    for line in told:
        goal = "" if line.goal is None else f"{line.goal:.2f}"
        print(
            f"{line.part:9} {line.runtime:12} {line.what:20} {line.size:5} {line.pairs:5} {line.median:8.2f} "
            f"{line.minimum:8.2f} {line.worst:8.2f} {goal:>6} {'' if line.met else 'MISSED'}".rstrip()
        )
    missed = sum(not line.met for line in told)
    print(f"{len(told) - missed} of {len(told)} goals met" + (f", {missed} MISSED" if missed else ""))
    return not missed


def rows(
    taken: Mapping[Pair, Sequence[Sequence[Sequence[int]]]],
    files: Mapping[Pair, tuple[Path, Path]],
    threads: int,
) -> list[dict[str, Any]]:
    """Return a row per pair for the CSV: its ratios, latencies in ms, and what was lowered to what."""
    from latbench.machine.probe import probe

    cpu = probe()["cpu_model"]
    found = []
    for pair, runs in taken.items():
        times = [median(median(run[side]) for run in runs) / 1e6 for side in (0, 1)]
        of_medians, of_minima = ratios(runs)
        found.append(
            {
                **asdict(pair),
                "threads": threads,
                "repeats": len(runs),
                "samples": min(len(run[0]) for run in runs),
                "baseline_ms": round(times[0], 5),
                "candidate_ms": round(times[1], 5),
                "ratio_of_medians": round(of_medians, 4),
                "ratio_of_minima": round(of_minima, 4),
                "lowered": lowered(files[pair][1]),
                "cpu_model": cpu,
            }
        )
    return found


def lowered(path: Path) -> str:
    """Return what the operators of the artifact at `path` became, "circulant x6, spatial x2"."""
    from collections import Counter

    manifest = json.loads(path.with_suffix(".json").read_text("utf-8"))
    counts = Counter(site["used"] for site in manifest.get("sites", ()))
    return ", ".join(f"{used} x{count}" for used, count in sorted(counts.items()))


def main() -> int:
    """Return 0; with --check, 1 when a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--runtime", choices=RUNTIMES, action="append", help="several times for more")
    parser.add_argument("--only", help="only what has this in its name, as _c64_56 or parcnet")
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes per pair (default 3)")
    parser.add_argument("--budget", type=float, default=2.0, help="seconds timed per process (default 2)")
    parser.add_argument("--memory", type=float, default=80, help="MiB of the largest activation (default 80)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--table", type=Path, help="the table that auto chooses from (default: one's own)")
    parser.add_argument("--csv", type=Path, help="also write every pair to this file")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.budget, options.threads, options.parts)
        return 0
    unknown = sorted(set(options.parts) - set(PARTS))
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; use some of: {', '.join(PARTS)}")
    from latbench.pipeline.tables import own

    table = options.table or own()
    chosen = [
        pair
        for part in options.parts or PARTS
        for pair in pairs(part, options.runtime or RUNTIMES, options.memory)
        if (options.only or "") in pair.name
    ]
    if not chosen:
        parser.error("nothing is left to measure; take away --only, or allow more --memory")
    taken: dict[Pair, list[list[list[int]]]] = {}
    written: list[dict[str, Any]] = []
    for part in dict.fromkeys(pair.part for pair in chosen):
        with tempfile.TemporaryDirectory(prefix="latbench-bench-") as folder:
            of_part = [pair for pair in chosen if pair.part == part]
            files = {pair: export_pair(pair, Path(folder), options.threads, table) for pair in of_part}
            print(f"exported {part}", file=sys.stderr)
            found = measure(files, options.repeats, options.budget, options.threads)
            written += rows(found, files, options.threads)
            taken |= found
    if options.csv:
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, written[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(written)
    met = report(lines(taken))
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
