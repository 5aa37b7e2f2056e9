"""Shows what goes with a virtual machine's levels: speed of CPUs, waiting threads, idle gaps, halt polling.

    bench/regimes.py            both experiments on one model
    --halt-poll 0 200000        also for these values of the guest's halt polling, in ns (needs root)

First, in one process for each runtime, bursts of inferences take turns with the reference kernels on each
CPU: if a slow burst stands beside a slow kernel, something outside the process takes the CPU's speed. Second,
fresh processes in random order: idle threads spinning or not, a pause before every eighth inference or not.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from latbench import runtimes
from latbench.machine import kernels
from latbench.measure.clock import MONOTONIC
from latbench.measure.loop import time_calls
from latbench.runtimes.base import SessionOptions, Source

RUNTIMES = ("onnxruntime", "openvino")
HALT_POLL = Path("/sys/module/haltpoll/parameters/guest_halt_poll_ns")
BURST, DROPPED, BETWEEN, PAUSE_S, WARMUP = 12, 3, 8, 0.05, 50
QUIET, SLOW = 1.1, 1.3
"""A CPU that computes within QUIET of the best seen is undisturbed, from SLOW on it is slow."""

FIELDS = ("experiment", "runtime", "setting", "count", "median_ms", "p10_ms", "p90_ms")
Line = dict[str, Any]


def rounds(path: str, runtime: str, threads: int, count: int) -> list[dict[str, Any]]:
    """Return `count` rounds: the latency in ms around the reference kernels, and their times in ns."""
    session = prepared(path, runtime, SessionOptions(threads=threads))
    time_calls(session.run, MONOTONIC, WARMUP)
    found = []
    for _ in range(count):
        before = time_calls(session.run, MONOTONIC, BURST)[DROPPED:]
        compute, handoff = kernels.compute_ns(), kernels.handoff_ns()
        after = time_calls(session.run, MONOTONIC, BURST)[DROPPED:]
        found.append(
            {"latency_ms": median(before + after) / 1e6, "compute_ns": compute, "handoff_ns": handoff}
        )
    return found


def stream(path: str, runtime: str, threads: int, count: int, setting: str) -> list[int]:
    """Return `count` latencies in ns of one launch, with idle threads and pauses as `setting` says."""
    options = SessionOptions(threads=threads, spinning="blocking" not in setting)
    session = prepared(path, runtime, options)
    time_calls(session.run, MONOTONIC, WARMUP)
    if "pauses" not in setting:
        return list(time_calls(session.run, MONOTONIC, count))
    taken: list[int] = []
    while len(taken) < count:
        threading.Event().wait(PAUSE_S)
        taken += time_calls(session.run, MONOTONIC, BETWEEN)
    return taken


def prepared(path: str, runtime: str, options: SessionOptions) -> Any:
    """Return a session with the artifact's reference inputs bound."""
    session = runtimes.get(runtime).prepare(Source("onnx", path), options)
    with np.load(Path(path).with_suffix(".npz")) as arrays:
        session.bind({name[6:]: arrays[name] for name in arrays.files if name.startswith("input:")})
    return session


def beside(found: Sequence[Mapping[str, Any]]) -> tuple[list[tuple[str, list[float]]], float, float]:
    """Return latencies by the slowest CPU's speed, and the rank correlations with it and with the hand-off.

    A CPU's slowness is its kernel over the best that the same CPU did in any round.
    """
    slow = slowness(found)
    latency = np.array([one["latency_ms"] for one in found])
    groups = [
        ("every CPU undisturbed", latency[slow < QUIET].tolist()),
        ("in between", latency[(slow >= QUIET) & (slow < SLOW)].tolist()),
        (f"a CPU {SLOW:g}x slower or more", latency[slow >= SLOW].tolist()),
    ]
    told = np.array([one["handoff_ns"] if one["handoff_ns"] else np.nan for one in found], dtype=float)
    known = ~np.isnan(told)
    return groups, rank_correlation(slow, latency), rank_correlation(told[known], latency[known])


def slowness(found: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Return for each round how much slower than its best the slowest CPU was, 1 for not at all."""
    compute = np.array([one["compute_ns"] for one in found], dtype=float)
    return np.nanmax(compute / np.nanmin(compute, axis=0), axis=1)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return Spearman's correlation, NaN without two different values in each."""
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.atleast_2d(np.corrcoef(ranks))[0, 1])


def line(experiment: str, runtime: str, setting: str, values: Sequence[float]) -> Line:
    """Return one line of the table, unknown empty."""
    told = np.percentile(values, [50, 10, 90]).round(4).tolist() if values else ["", "", ""]
    return dict(zip(FIELDS, (experiment, runtime, setting, len(values), *told), strict=True))


def inside(asked: argparse.Namespace, path: str, task: str, **arguments: Any) -> Any:
    """Return what a task of this file gives in a process of its own."""
    told = json.dumps({"path": path, "threads": asked.threads, **arguments})
    command = [sys.executable, __file__, "--inside", task, told]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def speed_of_cpus(asked: argparse.Namespace, path: str) -> list[Line]:
    """Return, and print, latencies by the speed of the CPUs at that moment."""
    lines = []
    for runtime in RUNTIMES:
        found = inside(asked, path, "rounds", runtime=runtime, count=asked.rounds)
        groups, with_compute, with_handoff = beside(found)
        print(f"\n{runtime}: rank correlation of latency with the slowest CPU {with_compute:.2f}, ", end="")
        print(f"with the hand-off {with_handoff:.2f}")
        lines += show(line("beside the kernels", runtime, name, values) for name, values in groups)
    return lines


def waiting(asked: argparse.Namespace, path: str) -> list[Line]:
    """Return, and print, latencies by how threads wait, by pauses, and by the guest's halt polling."""
    spinning, blocking = ("spinning", "spinning, pauses"), ("blocking", "blocking, pauses")
    cells = [("onnxruntime", one) for one in (*spinning, *blocking)]  # OpenVINO has no such switch
    cells += [("openvino", one) for one in spinning]
    polls: list[int | None] = asked.halt_poll or [None]
    samples: dict[tuple[int | None, str, str], list[float]] = {}
    order, before = random.Random(0), HALT_POLL.read_text() if asked.halt_poll else ""
    try:
        for _ in range(asked.launches):
            block = [(poll, *cell) for poll in polls for cell in cells]
            for poll, runtime, setting in order.sample(block, len(block)):
                if poll is not None:
                    HALT_POLL.write_text(str(poll))
                taken = inside(asked, path, "stream", runtime=runtime, count=asked.count, setting=setting)
                samples.setdefault((poll, runtime, setting), []).extend(one / 1e6 for one in taken)
    finally:
        if before:
            HALT_POLL.write_text(before)
    print("\nHow threads wait")
    keys = sorted(samples, key=lambda key: (key[1], key[2], key[0] or 0))
    named = {key: key[2] + ("" if key[0] is None else f", halt poll {key[0]} ns") for key in keys}
    return show(line("waiting", key[1], named[key], samples[key]) for key in keys)


def show(lines: Iterable[Line]) -> list[Line]:
    """Return `lines`, after printing them."""
    kept = list(lines)
    for one in kept:
        figures = "  ".join(f"{name} {one[name]}" for name in FIELDS[3:])
        print(f"  {one['runtime']:<12} {one['setting']:<36} {figures}", flush=True)
    return kept


TASKS: Mapping[str, Callable[..., Any]] = {"rounds": rounds, "stream": stream}


def main() -> int:
    """Export the model, run both experiments, print what goes with what."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="efficientmod_xxs", help="a model of the zoo")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=150, help="bursts beside kernels, for each runtime")
    parser.add_argument("--launches", type=int, default=3, help="fresh processes for each way of waiting")
    parser.add_argument("--count", type=int, default=400, help="inferences of each such process")
    parser.add_argument("--halt-poll", type=int, nargs="*", help="values of guest_halt_poll_ns to try (root)")
    parser.add_argument("--csv", type=Path, help="write every figure here too")
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        task, told = asked.inside
        print(json.dumps(TASKS[task](**json.loads(told))))
        return 0
    if asked.halt_poll and not os.access(HALT_POLL, os.W_OK):
        print(f"--halt-poll needs a writable {HALT_POLL}: run it as root, or leave it out.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "latbench", "export", asked.model, "--output", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        path = str(next(Path(folder).glob("*.onnx")))
        lines = [*speed_of_cpus(asked, path), *waiting(asked, path)]
    if asked.csv:
        with asked.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
