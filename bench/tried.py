"""Prints what forms of ParC that latbench does not write would gain over those that it does.

Run by `make bench-tried`. Each is written out here and takes turns with the form it would replace in one
process, one thread, float32; a ratio is the time of that form / its own, above 1 where it is faster: the
median over fresh processes of the ratio of medians, and the range. `apart` is how far the outputs of the two
lie apart. Bounds are parts of a lowering alone against the spatial form: no lowering that has the part can be
faster than that. docs/lowerings.md says what came of it.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from tried_forms import Fill, between, by_channels, full, lowered, operator, part, scanned, sums, thirds

if TYPE_CHECKING:
    import onnx

    from exporters.lowerings.base import Circular

OPSET, FEWEST = 20, 8


@dataclass(frozen=True)
class Trial:
    """One form held against another: what is tried, for which operator, on which runtime."""

    what: str
    runtime: str
    axis: str
    size: int
    form: str
    instead: str
    bound: bool = False


BOUNDS = (
    *(Trial("bound: a copy", "onnxruntime", "h", size, "copy", "spatial", True) for size in (56, 112)),
    *(
        Trial(
            f"bound: transforms of {points}",
            "onnxruntime",
            "h",
            size,
            f"transforms {points}",
            "spatial",
            True,
        )
        for size, points in ((56, 8), (112, 8), (112, 16))
    ),
    *(
        Trial("bound: two Transposes", runtime, "w", size, "transposes", "spatial", True)
        for runtime in ("onnxruntime", "openvino")
        for size in (224, 448)
    ),
)
"""Parts of what is written: the last Reshape, where an operator is a graph by itself; the first and the last
product of crt4; and what stands around it along W."""

TRIALS = (
    *(
        Trial("Scan over chunks", "onnxruntime", axis, size, f"scan {chunk}", "crt4_16_ch")
        for axis, size, chunk in (("h", 224, 4), ("h", 448, 1), ("w", 224, 4), ("w", 448, 1))
    ),
    *(
        Trial("1x1 convolutions along one axis", runtime, "h", size, "conv1d", "conv")
        for runtime in ("onnxruntime", "openvino")
        for size in (56, 112)
    ),
    *(
        Trial("one bias behind both 1x1 convolutions", runtime, axis, size, "folded", "matmul")
        for runtime in ("onnxruntime", "openvino")
        for axis in "hw"
        for size in (56, 112)
    ),
    *(Trial("shift of full size", "onnxruntime", "h", size, "full shift", "circulant") for size in (56, 112)),
    *(
        Trial("1x1 convolutions as Gemm with a bias", "openvino", "w", size, "gemm", "matmul")
        for size in (112, 224)
    ),
    *(
        Trial("sums and differences twice", "openvino", "w", size, "thirds", "crt2b_ch")
        for size in (224, 448)
    ),
    *(
        Trial("transform of 4 points by sums", "openvino", "w", size, "sums", instead)
        for size, instead in ((224, "crt2b_ch"), (448, "crt4r_14_ch"))
    ),
)


def filled(form: str, trial: Trial) -> Fill:
    """Return what writes `form`, of the trial or of what it is held against."""
    if trial.bound and form != trial.instead:
        return part(form)
    if form.startswith("scan"):
        return scanned(16, int(form.split()[1]))
    if form == "full shift":
        return full("circulant")
    if form in ("thirds", "sums"):
        return by_channels(thirds if form == "thirds" else sums)
    if form in ("conv", "conv1d", "matmul", "folded", "gemm"):
        inner = "circulant" if trial.size < 112 or trial.axis == "w" else "crt4_14"
        return between(form, lowered(inner))
    return lowered(form)


def model(op: "Circular", fill: Fill) -> "onnx.ModelProto":
    """Return x -> y, both (1, 64, H, W), as `fill` writes it."""
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder

    floats = ir.TensorType(ir.DataType.FLOAT)
    x = ir.Value(name="x", shape=ir.Shape(op.shape), type=floats)
    last = ir.node("Identity", [x], name="last")
    y = last.outputs[0]
    y.name, y.shape, y.type = "y", ir.Shape(op.out_shape), floats
    graph = ir.Graph([x], [y], nodes=[last], opset_imports={"": OPSET}, name="tried")
    last.replace_input_with(0, fill(Builder(last, "op", OPSET), x, op))
    return ir.to_proto(ir.Model(graph, ir_version=10))


def departure(first: bytes, second: bytes, op: "Circular") -> float:
    """Return how far the outputs of two models lie apart in ONNX Runtime, as a part of the largest."""
    from exporters.execute import execute

    x = np.random.default_rng(1).standard_normal(op.shape).astype(np.float32)
    one, other = (execute(each, {"x": x})["y"] for each in (first, second))
    return float(np.abs(one - other).max() / np.abs(one).max())


def child(runtime: str, budget: float, files: Sequence[str]) -> None:
    """Print the medians in ms of two files, taken by turns for about `budget` seconds, as JSON."""
    from export import loaded

    runs = [session.run for session in loaded(runtime, 1, files)]
    samples: list[list[int]] = [[] for _ in runs]
    order, clock, began = random.Random(0), time.perf_counter_ns, time.perf_counter_ns()
    while len(samples[0]) < FEWEST or clock() - began < budget * 1e9:
        for place in order.sample(range(len(runs)), len(runs)):
            runs[place]()
            begin = clock()
            runs[place]()
            samples[place].append(clock() - begin)
    print(json.dumps([median(each[2:]) / 1e6 for each in samples]))


def tried(
    trial: Trial, folder: Path, repeats: int, budget: float
) -> tuple[float, float, list[float], float | None]:
    """Return ms of what stands, ms of what is tried, the ratio in each repeat, and how far they lie apart.

    A bound computes something else: for it the last is None.
    """
    op = operator(trial.axis, trial.size)
    written = [model(op, filled(form, trial)).SerializeToString() for form in (trial.instead, trial.form)]
    apart = None if trial.bound else departure(written[0], written[1], op)
    files = [folder / f"{place}.onnx" for place in range(2)]
    for file, data in zip(files, written, strict=True):
        file.write_bytes(data)
    pairs = []
    for _ in range(repeats):
        command = [
            sys.executable,
            __file__,
            "--child",
            trial.runtime,
            "--budget",
            str(budget),
            *map(str, files),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        pairs.append(json.loads(done.stdout.splitlines()[-1]))
    stands, mine = (median(pair[side] for pair in pairs) for side in (0, 1))
    return stands, mine, [pair[0] / pair[1] for pair in pairs], apart


def main() -> int:
    """Return 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help="only what has this in its name, as bound or Scan")
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes per trial (default 3)")
    parser.add_argument("--budget", type=float, default=2.0, help="seconds timed per process (default 2)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.budget, options.files)
        return 0
    chosen = [trial for trial in (*TRIALS, *BOUNDS) if options.only in trial.what]
    if not chosen:
        parser.error(f"nothing tried has {options.only!r} in its name")
    print(
        f"{'tried':38} {'runtime':12} {'axis':4} {'N':>4} {'instead of':12} {'ms':>8} {'tried ms':>8} ratio"
    )
    with tempfile.TemporaryDirectory(prefix="latbench-bench-") as folder:
        for trial in chosen:
            stands, mine, ratios, apart = tried(trial, Path(folder), options.repeats, options.budget)
            print(
                f"{trial.what:38} {trial.runtime:12} {trial.axis:4} {trial.size:4} {trial.instead:12} "
                f"{stands:8.3f} {mine:8.3f} {median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}] "
                f"{'' if apart is None else f'apart {apart:.0e}'}".rstrip(),
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
