"""Prints how much faster our exported graphs run than a plain export of the model written the published way.

Run by `make bench-export`. Per model and runtime, on one thread: a plain dynamo export at opset 18
(channels-last, context repeated), the portable artifact and the runtime's own target take turns, inference by
inference, in one process that holds this runtime alone; that process is started afresh for each repeat, in
seeded random order over all cells. A ratio is plain time / our time (above 1 is faster) with its 95 %
interval over repeats. The floor is the time that the model's MACs would take at the speed of a large matrix
product, timed in the same processes.
"""

import argparse
import csv
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

RUNTIMES = ("onnxruntime", "openvino")
FORMS = ("plain", "portable", "target")
PLAIN_OPSET = 18
PRODUCT = 1024
WORST, MEAN = 0.98, 1.10


def export_all(models: list[str], folder: Path) -> dict[str, dict[str, Path]]:
    """Return the files of each model: "plain", "portable" and one for each runtime's own target."""
    import exporters
    from latbench.zoo.create import create_model, example_input
    from latbench.zoo.registry import spec

    files: dict[str, dict[str, Path]] = {}
    for model in models:
        known = spec(model)
        image = example_input(known)
        files[model] = {
            "plain": plain_export(create_model(model, expand="repeat"), image, folder / f"{model}.onnx")
        }
        for target in ("portable", *RUNTIMES):
            module = create_model(model, None, seed=0, **known.forms_for(target))
            artifact = exporters.export(
                module, (image,), name=model, output=folder, target=target, stem=f"{model}_{target}"
            )
            files[model][target] = artifact.path
        print(f"exported {model}", file=sys.stderr)
    return files


def plain_export(module: Any, image: Any, path: Path) -> Path:
    """Return `path`, written by PyTorch's exporter with nothing of ours."""
    import contextlib
    import io

    import torch

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        torch.onnx.export(
            module,
            (image,),
            str(path),
            dynamo=True,
            opset_version=PLAIN_OPSET,
            external_data=False,
            verbose=False,
        )
    return path


def product_model(path: Path) -> Path:
    """Return `path`, a file that holds one large matrix product."""
    from onnx import TensorProto, helper, numpy_helper, save

    rng = np.random.default_rng(0)
    weight = numpy_helper.from_array(rng.standard_normal((PRODUCT, PRODUCT)).astype(np.float32), "w")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [PRODUCT, PRODUCT]) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "product", ends[:1], ends[1:], [weight]
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def loaded(runtime: str, threads: int, files: Sequence[str]) -> list[Any]:
    """Return a session of each file, its one input bound to seeded noise."""
    import onnx

    from latbench import runtimes
    from latbench.runtimes.base import SessionOptions, Source

    engine, options = runtimes.get(runtime), SessionOptions(threads=threads)
    sessions = []
    for file in files:
        entry = onnx.load(file).graph.input[0]
        shape = [size.dim_value for size in entry.type.tensor_type.shape.dim]
        session = engine.prepare(Source("onnx", path=file), options)
        session.bind({entry.name: np.random.default_rng(0).standard_normal(shape).astype(np.float32)})
        sessions.append(session)
    return sessions


def child(runtime: str, rounds: int, threads: int, files: list[str]) -> None:
    """Print, as JSON, the samples in ns of every file, taken in turns, and the runtime's version."""
    sessions = loaded(runtime, threads, files)
    samples: list[list[int]] = [[] for _ in sessions]
    order, clock = random.Random(0), time.perf_counter_ns
    for index in range(rounds + 3):
        for place in order.sample(range(len(sessions)), len(sessions)):
            run = sessions[place].run
            run()
            begin = clock()
            run()
            end = clock()
            if index >= 3:
                samples[place].append(end - begin)
    print(json.dumps({"samples": samples, "version": sessions[0].facts.version}))


def measure(
    files: dict[str, dict[str, Path]], product: Path, repeats: int, rounds: int, threads: int
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return what each repeat's process printed, by model and runtime."""
    cells = [(model, runtime) for model in files for runtime in RUNTIMES]
    order = random.Random(0)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {cell: [] for cell in cells}
    for repeat in range(repeats):
        for model, runtime in order.sample(cells, len(cells)):
            paths = [files[model][name] for name in ("plain", "portable", runtime)]
            arguments = ["--child", runtime, "--rounds", str(rounds), "--threads", str(threads)]
            command = [sys.executable, __file__, *arguments, *map(str, [*paths, product])]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{model} on {runtime} failed: {done.stderr.strip().splitlines()[-1]}")
            found[model, runtime].append(json.loads(done.stdout.splitlines()[-1]))
        print(f"repeat {repeat + 1} of {repeats} done", file=sys.stderr)
    return found


def row(
    model: str, runtime: str, runs: list[dict[str, Any]], files: dict[str, Path], threads: int
) -> dict[str, Any]:
    """Return the figures of one model on one runtime."""
    from exporters.artifact import sha256_of
    from latbench.machine.probe import probe
    from latbench.stats import ratio_interval
    from latbench.zoo.registry import spec

    launches = [tuple(np.array(run["samples"][place]) for run in runs) for place in range(4)]
    times = [median(float(np.median(one)) for one in each) / 1e6 for each in launches]
    gflops = 2 * PRODUCT**3 / (times[3] * 1e6)
    floor = 2 * spec(model).macs / (gflops * 1e6)
    figures: dict[str, Any] = {
        "model": model,
        "runtime": runtime,
        "runtime_version": runs[0]["version"],
        "cpu_model": probe()["cpu_model"],
        "threads": threads,
        "repeats": len(runs),
        "rounds": len(launches[0][0]),
        "matmul_gflops": round(gflops, 1),
        "floor_ms": round(floor, 3),
        "target_over_floor": round(times[2] / floor, 3),
    }
    for place, form in enumerate(FORMS):
        figures[f"{form}_ms"] = round(times[place], 3)
        figures[f"{form}_sha256"] = sha256_of(files[runtime if form == "target" else form])
    for place, form in enumerate(FORMS[1:], start=1):
        ratio = ratio_interval(launches[0], launches[place])
        figures[f"{form}_ratio"] = round(ratio.estimate, 4)
        figures[f"{form}_ratio_low"] = round(ratio.low, 4) if ratio.low is not None else None
        figures[f"{form}_ratio_high"] = round(ratio.high, 4) if ratio.high is not None else None
    return figures


def geometric_mean(values: list[float]) -> float:
    """Return the geometric mean of `values`."""
    return math.exp(sum(map(math.log, values)) / len(values))


def report(rows: list[dict[str, Any]]) -> bool:
    """Print the table and the means; tell whether every goal is met."""
    titles = ("model", "runtime", "plain ms", "portable", "own target", "floor ms", "x floor")
    print("{:32} {:12} {:>9} {:>20} {:>20} {:>9} {:>7}".format(*titles))
    for each in rows:
        ratios = [
            "{:.3f} [{:.3f}-{:.3f}]".format(
                *(each[f"{form}_ratio{end}"] or 0 for end in ("", "_low", "_high"))
            )
            for form in FORMS[1:]
        ]
        print(
            f"{each['model']:32} {each['runtime']:12} {each['plain_ms']:9.3f} {ratios[0]:>20} "
            f"{ratios[1]:>20} {each['floor_ms']:9.3f} {each['target_over_floor']:7.2f}"
        )
    speeds = [
        f"{name} {median(each['matmul_gflops'] for each in rows if each['runtime'] == name):.0f} GFLOP/s"
        for name in sorted({each["runtime"] for each in rows})
    ]
    print("matrix product: " + ", ".join(speeds))
    groups = {
        "all": rows,
        "EfficientMod": [each for each in rows if each["model"].startswith("efficientmod")],
        "MBConv": [each for each in rows if each["model"].startswith("mbconv")],
        **{runtime: [each for each in rows if each["runtime"] == runtime] for runtime in RUNTIMES},
    }
    for name, group in groups.items():
        if group:
            means = [geometric_mean([each[f"{form}_ratio"] for each in group]) for form in FORMS[1:]]
            print(f"geometric mean, {name}: portable {means[0]:.3f}, own target {means[1]:.3f}")
    worst = {form: min(each[f"{form}_ratio"] for each in rows) for form in FORMS[1:]}
    mean = geometric_mean([each["target_ratio"] for each in rows])
    met = min(worst.values()) >= WORST and mean >= MEAN
    print(f"worst portable {worst['portable']:.3f}, worst own target {worst['target']:.3f} (goal {WORST})")
    print(f"mean of own targets {mean:.3f} (goal {MEAN:.2f}): goals {'met' if met else 'NOT MET'}")
    return met


def main() -> int:
    """Return 0; with --check, 1 when a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", help="models of the zoo (default: EfficientMod's families)")
    parser.add_argument("--repeats", type=int, default=5, help="fresh processes per cell (default 5)")
    parser.add_argument(
        "--rounds", type=int, default=30, help="timed inferences per form and process (default 30)"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--csv", type=Path, help="also write the table to this file")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.rounds, options.threads, options.models)
        return 0
    from latbench.zoo.registry import models

    families = [model.name for model in models() if model.family in ("EfficientMod", "MBConv")]
    with tempfile.TemporaryDirectory(prefix="latbench-bench-") as folder:
        files = export_all(options.models or families, Path(folder))
        product = product_model(Path(folder) / "product.onnx")
        found = measure(files, product, options.repeats, options.rounds, options.threads)
        rows = [row(*cell, runs, files[cell[0]], options.threads) for cell, runs in found.items()]
    if options.csv:
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    met = report(rows)
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
