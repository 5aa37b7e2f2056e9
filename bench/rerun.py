"""Shows how far numbers move when everything is measured again, ours beside what people use otherwise.

    bench/rerun.py take DIR        one complete session: `latbench run`, then benchmark_app and a plain loop
    bench/rerun.py show DIR DIR    the two sessions side by side, and the share of cells that agree

Take one session, another an hour later, show both (`make bench-rerun ARGS='take results/rerun/first'`).
benchmark_app is OpenVINO's own, asked for the same threads, one stream, fp32 and the synchronous API, one
process for each model; it makes up its inputs. The plain loop is one process for each cell: load the model,
run it 10 times, then time 1000 calls one after the other; papers print the mean of those, and the median is
kept beside it.
"""

import argparse
import csv
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from latbench import stats
from latbench.crosscheck.base import Unreadable
from latbench.crosscheck.tools.benchmark_app import TOOL
from latbench.errors import BadInput, LatbenchError
from latbench.records import CellPlan, Records, read
from latbench.runtimes.base import Source

MODELS = ("efficientmod_xxs", "efficientmod_xs", "mbconv_hier")
RUNTIMES = ("onnxruntime", "openvino", "pytorch")
LOOP, LOOP_SCRIPT = 1000, Path(__file__).with_name("plainloop.py")
TOLERANCE = 0.03
GOAL = 0.95
OURS, OTHERS, TAKEN = "latbench", "others.csv", "taken.json"
BENCHMARK_APP, PLAIN = "benchmark_app", "plain loop"
FIELDS = ("tool", "model", "runtime", "began", "iterations", "median_ms", "mean_ms", "artifact_sha256")

Launches = tuple[np.ndarray, ...]


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def take(arguments: argparse.Namespace) -> int:
    """Measure one session into a folder; return latbench's exit code."""
    folder: Path = arguments.folder
    if (folder / TAKEN).exists():
        print(f"{folder} holds a whole session already; name another folder.", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    began = now()
    command = [sys.executable, "-m", "latbench", "run", *arguments.models, "--yes"]
    for runtime in arguments.runtimes:
        command += ["--runtime", runtime]
    for option in ("threads", "iterations", "launches"):
        command += [f"--{option}", str(getattr(arguments, option))]
    code = subprocess.run([*command, "--output", str(folder / OURS)], check=False).returncode
    if code not in (0, 5):
        return code
    ended = now()
    found = [
        measured
        for cell in latest(read(folder / OURS))[0].values()
        for measured in others(cell, folder / OURS, arguments)
    ]
    with (folder / OTHERS).open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    told = {"latbench": [began, ended], "others": [ended, now()], "loadavg": os.getloadavg()}
    (folder / TAKEN).write_text(json.dumps(told, indent=1) + "\n")
    return code


def others(cell: CellPlan, root: Path, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Return what benchmark_app and a plain loop say of a cell whose paths are relative to `root`."""
    source = Source.from_json(cell.source)
    path = None if source.path is None else str(root / source.path)
    told = {"model": cell.model, "runtime": cell.runtime, "artifact_sha256": cell.artifact_sha256}
    found = []
    if cell.runtime == "openvino" and path is not None:
        print(f"{BENCHMARK_APP}: {cell.model}", file=sys.stderr)
        begin = now()
        said = output([*benchmark_app(path, cell.threads), "-niter", str(arguments.iterations)])
        found.append({"tool": BENCHMARK_APP, "began": begin, **told, **parsed(said)})
    print(f"{PLAIN}: {cell.model} on {cell.runtime}", file=sys.stderr)
    begin = now()
    asked = {
        "runtime": cell.runtime,
        "source": {**source.to_json(), "path": path},
        "shape": [int(size) for size in cell.input_shape.split("x")],
        "threads": cell.threads,
        "count": arguments.loop,
    }
    said = output([sys.executable, str(LOOP_SCRIPT), json.dumps(asked)])
    found.append({"tool": PLAIN, "began": begin, **told, **json.loads(said.splitlines()[-1])})
    return found


def benchmark_app(path: str, threads: int) -> list[str]:
    """Return the command line of OpenVINO's benchmark_app for a file, without its number of iterations.

    It refuses a hint beside -nthreads; with `none` the plug-in's own default stands, which is latency.
    """
    start = "from openvino.tools.benchmark.main import main; main()"
    options = f"-d CPU -api sync -hint none -nstreams 1 -nthreads {threads} -infer_precision f32"
    return [sys.executable, "-c", start, "-m", path, *options.split()]


def output(command: Sequence[str]) -> str:
    """Return what a command prints; SystemExit with its last line when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise SystemExit(f"{' '.join(command[:4])} ... failed: {' '.join(last)}")
    return done.stdout


def parsed(said: str) -> dict[str, Any]:
    """Return iterations, median_ms and mean_ms that it printed; SystemExit when it printed none."""
    try:
        found = TOOL.parse(said)
    except Unreadable as error:
        raise SystemExit(f"benchmark_app's output has another form than known: {error}.") from None
    mean_ms = None if found.mean_ns is None else found.mean_ns / 1e6
    return {"iterations": found.iterations, "median_ms": found.median_ns / 1e6, "mean_ms": mean_ms}


def latest(records: Records) -> tuple[dict[str, CellPlan], dict[str, Launches]]:
    """Return the cells of the latest run that ended well, by cell_id, and the samples of their launches."""
    run = records.runs[-1]
    fine = {cell.cell_id for cell in records.cells if cell.run_id == run.run_id and cell.status == "ok"}
    cells = {cell.cell_id: cell for cell in run.cells if cell.cell_id in fine}
    launches = records.ok_launches()
    samples = {
        name: tuple(np.asarray(one.result.samples_ns) for one in launches[run.run_id, name]) for name in cells
    }
    return cells, samples


def matched(first: Sequence[float], second: Sequence[float]) -> list[tuple[int, int]]:
    """Return the places of the levels common to both: pairs of which each is the other's nearest, by ratio.

    How far apart a pair is plays no part, so that levels which moved are found to have moved.
    """
    if not first or not second:
        return []
    there = [min(range(len(second)), key=lambda at: abs(math.log(second[at] / one))) for one in first]
    back = [min(range(len(first)), key=lambda at: abs(math.log(first[at] / one))) for one in second]
    return [(at, other) for at, other in enumerate(there) if back[other] == at]


def agree(ratio: float | None) -> bool | None:
    """Tell whether the ratio of two results is within the tolerance, either way; None without a ratio."""
    return None if ratio is None else abs(math.log(ratio)) <= math.log1p(TOLERANCE)


def compared(first: Launches, second: Launches) -> dict[str, Any]:
    """Return our two results of a cell side by side: as measured, its interval, and level by level."""
    one, two = (stats.launch_interval(launches).estimate / 1e6 for launches in (first, second))
    ratio = stats.welch_ratio(second, first)
    inside = None if ratio.low is None or ratio.high is None else ratio.low <= 1 <= ratio.high
    levels = [common(launches) for launches in (first, second)]
    estimates = [[level.estimate for level in its] for its in levels]
    at_best = [stats.best(launches).estimate / 1e6 for launches in (first, second)]
    floors = [stats.floor(launches) for launches in (first, second)]
    pairs = matched(*estimates)
    ratios = [estimates[1][at] / estimates[0][here] for here, at in pairs]
    worst = max(ratios, key=lambda value: abs(math.log(value)), default=None)
    return {
        "first_ms": one,
        "second_ms": two,
        "ratio": two / one,
        "ratio_low": ratio.low,
        "ratio_high": ratio.high,
        "interval_holds_1": inside,
        "first_levels": told_levels(levels[0]),
        "second_levels": told_levels(levels[1]),
        "levels_common": len(pairs),
        "levels_ratio_worst": worst,
        "levels_agree": agree(worst),
        "first_best_ms": at_best[0],
        "second_best_ms": at_best[1],
        "best_ratio": at_best[1] / at_best[0],
        "first_floor_ms": None if floors[0] is None else floors[0] / 1e6,
        "second_floor_ms": None if floors[1] is None else floors[1] / 1e6,
        "floor_ratio": floors[1] / floors[0] if floors[0] is not None and floors[1] is not None else None,
    }


def common(launches: Launches) -> Sequence[stats.Level]:
    """Return what sessions of a cell have in common whatever disturbed them: its levels, else its best."""
    found = stats.levels(launches).levels
    return found if len(found) > 1 else (stats.best(launches),)


def told_levels(levels: Sequence[Any]) -> str:
    """Return levels as text: "4.61 ms 62 %; 6.53 ms 38 %", the share of the iterations at each."""
    return "; ".join(f"{level.estimate / 1e6:.3g} ms {100 * level.share:.0f} %" for level in levels)


def elsewhere(folders: Sequence[Path]) -> dict[tuple[str, str, str, str], list[float | None]]:
    """Return the two results of every other tool by (tool, statistic, model, runtime)."""
    found: dict[tuple[str, str, str, str], list[float | None]] = {}
    for place, folder in enumerate(folders):
        with (folder / OTHERS).open(newline="") as file:
            for row in csv.DictReader(file):
                for statistic in ("median_ms", "mean_ms"):
                    key = (row["tool"], statistic, row["model"], row["runtime"])
                    found.setdefault(key, [None, None])[place] = float(row[statistic])
    return found


COLUMNS = {
    "benchmark_app": (BENCHMARK_APP, "median_ms"),
    "plain_mean": (PLAIN, "mean_ms"),
    "plain_median": (PLAIN, "median_ms"),
}


def rows(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """Return one row for each cell that both sessions measured."""
    (cells, first), (again, second) = (latest(read(folder / OURS)) for folder in folders)
    times = [taken(folder) for folder in folders]
    began = [datetime.fromisoformat(one["latbench"][0]) for one in times]
    gap = (began[1] - began[0]).total_seconds() / 60
    rest = elsewhere(folders)
    found = []
    for name in [name for name in cells if name in again]:
        cell = cells[name]
        row = {
            "model": cell.model,
            "runtime": cell.runtime,
            "threads": cell.threads,
            "artifact_sha256": cell.artifact_sha256,
            "first_began": times[0]["latbench"][0],
            "gap_minutes": round(gap, 1),
            **compared(first[name], second[name]),
        }
        for column, (tool, statistic) in COLUMNS.items():
            one, two = rest.get((tool, statistic, cell.model, cell.runtime), [None, None])
            row[f"{column}_first_ms"], row[f"{column}_second_ms"] = one, two
            row[f"{column}_ratio"] = None if one is None or two is None else two / one
        found.append(row)
    return found


def taken(folder: Path) -> dict[str, Any]:
    """Return when a session was taken; BadInput when `folder` holds no whole one."""
    try:
        return json.loads((folder / TAKEN).read_text())
    except (OSError, ValueError) as error:
        raise BadInput(f"{folder} holds no whole session; take one: rerun.py take {folder}.") from error


def verdicts(found: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return, by what is claimed, in how many cells it holds and in how many it could be asked."""
    asked = {
        "latbench, level by level": [row["levels_agree"] for row in found],
        "latbench, at best": [agree(row["best_ratio"]) for row in found],
        "latbench, floor": [agree(row["floor_ratio"]) for row in found],
        "latbench, floor (without PyTorch)": [
            agree(row["floor_ratio"]) for row in found if row["runtime"] != "pytorch"
        ],
        "latbench, as measured": [agree(row["ratio"]) for row in found],
        "plain loop, mean": [agree(row["plain_mean_ratio"]) for row in found],
        "plain loop, median": [agree(row["plain_median_ratio"]) for row in found],
        "benchmark_app, median (OpenVINO only)": [agree(row["benchmark_app_ratio"]) for row in found],
        "latbench, level by level (OpenVINO only)": [
            row["levels_agree"] for row in found if row["runtime"] == "openvino"
        ],
    }
    return {
        name: (sum(map(bool, said)), sum(one is not None for one in said)) for name, said in asked.items()
    }


def show(arguments: argparse.Namespace) -> int:
    """Print the sessions side by side; return 1 when fewer cells than the goal agree level by level."""
    found = rows(arguments.folders)
    if not found:
        print("The two sessions have no cell in common that ended well.", file=sys.stderr)
        return 2
    print(f"{found[0]['gap_minutes']:.0f} minutes between the sessions; ratios are second / first.")
    heads = ("as measured", "95 % interval", "levels", "floor", "benchmark_app", "loop mean", "loop median")
    print("{:24} {:12} {:>11} {:>16} {:>8} {:>7} {:>13} {:>10} {:>11}".format("model", "runtime", *heads))
    for row in found:
        ends = [row["ratio_low"], row["ratio_high"]]
        held = "–" if None in ends else "[{:.3f}, {:.3f}]".format(*ends)
        ratios = ("ratio", "levels_ratio_worst", "floor_ratio", *(f"{name}_ratio" for name in COLUMNS))
        first, *told = [_text(row[name]) for name in ratios]
        print(
            f"{row['model']:24} {row['runtime']:12} {first:>11} {held:>16} "
            "{:>8} {:>7} {:>13} {:>10} {:>11}".format(*told)
        )
        print(f"  {'levels':22} {row['first_levels']}  then  {row['second_levels']}")
    counts = verdicts(found)
    print(f"\nCells whose two results are within {100 * TOLERANCE:g} % of each other:")
    for name, (agreeing, asked) in counts.items():
        print(f"  {name:44} {agreeing} of {asked}" + (f" ({100 * agreeing / asked:.0f} %)" if asked else ""))
    holds = [row["interval_holds_1"] for row in found if row["interval_holds_1"] is not None]
    print(f"Cells whose 95 % interval of the ratio holds 1 (our own claim): {sum(holds)} of {len(holds)}")
    if arguments.csv is not None:
        arguments.csv.parent.mkdir(parents=True, exist_ok=True)
        with arguments.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
    agreeing, asked = counts["latbench, level by level"]
    return int(not asked or agreeing / asked < GOAL)


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def main() -> int:
    """Return the exit code of the command given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    taking = commands.add_parser("take", help="measure one session")
    taking.add_argument("folder", type=Path)
    taking.add_argument("--models", nargs="+", default=MODELS)
    taking.add_argument("--runtimes", nargs="+", choices=RUNTIMES, default=RUNTIMES)
    taking.add_argument("--threads", type=int, default=2)
    taking.add_argument("--iterations", type=int, default=4000, help="ours per cell, and benchmark_app's")
    taking.add_argument("--launches", type=int, default=10)
    taking.add_argument("--loop", type=int, default=LOOP, help="calls that the plain loop times")
    showing = commands.add_parser("show", help="two sessions side by side")
    showing.add_argument("folders", type=Path, nargs=2)
    showing.add_argument("--csv", type=Path, help="write every figure here too")
    arguments = parser.parse_args()
    try:
        return take(arguments) if arguments.command == "take" else show(arguments)
    except LatbenchError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)


if __name__ == "__main__":
    sys.exit(main())
