"""Prints how much faster our exported graphs run than a plain export of the models written the published way.

Run by `make bench-export`. Per model and runtime, on one thread: a plain dynamo export at opset 18 of the
published form (context repeated, involution by unfold, ParC spatial) and the runtime's own target (with
`--portable` the portable artifact too) take turns, inference by inference, in one process that holds this
runtime alone; that process is started afresh for each repeat, in seeded random order over all cells. A ratio
is plain time / our time (above 1 is faster), in each process the median over rounds, with its 95 % interval
over repeats; `minima` is the ratio of the smallest times, and rows of the same operators as the plain export
tell the noise. Every other repeat loads
the files in the opposite order. The floor is the time that the model's MACs would take at the speed of a
large matrix product, timed in the same processes.

Goals: no model under 0.98, and 1.10 as the geometric mean of those that are neither RedNet nor ParC. Exports
take longer than measuring; `--keep DIR` keeps them, and takes them up again (remove it after a change of the
exporters), and `--export-only` stops before anything is measured.
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
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

RUNTIMES = ("onnxruntime", "openvino")
PLAIN, PORTABLE, TARGET, PRODUCT = "plain", "portable", "target", "product"
PUBLISHED = {"expand": "repeat", "parc": "spatial", "involution": "unfold"}
"""The value of each form that is the published one, where that is not the default."""

APART = ("RedNet", "ParC")
"""Beginnings of the families that have goals of their own."""

PLAIN_OPSET = 18
SIDE = 1024
WARMUP, FEWEST = 3, 8
WORST, MEAN = 0.98, 1.10


def export_model(model: str, folder: Path, portable: bool) -> None:
    """Write the files of `model` that `folder` lacks: `<model>.plain.onnx` and one for each target."""
    import exporters
    from exporters.capture import capture
    from exporters.export import DEFAULT_OPSET
    from latbench.zoo.create import create_model, example_input
    from latbench.zoo.registry import spec

    known = spec(model)
    image = example_input(known)
    if not (plain := folder / f"{model}.{PLAIN}.onnx").exists():
        forms = {form: value for form, value in PUBLISHED.items() if form in known.forms}
        partial = plain.with_suffix(".partial")
        plain_export(create_model(model, None, seed=0, **forms), image, partial).rename(plain)
    traced: dict[str, Any] = {}
    for target in (*([PORTABLE] if portable else []), *RUNTIMES):
        if (folder / f"{model}.{target}.onnx").exists():
            continue
        forms = known.forms_for(target)
        module, key = create_model(model, None, seed=0, **forms), json.dumps(forms, sort_keys=True)
        if key not in traced:
            traced[key] = capture(module, (image,), DEFAULT_OPSET)
        exporters.export(
            module,
            (image,),
            name=model,
            output=folder,
            target=target,
            stem=f"{model}.{target}",
            captured=traced[key],
        )


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


def export_all(models: Sequence[str], folder: Path, portable: bool, jobs: int) -> list[str]:
    """Return the models that could be exported, each in a process of its own, `jobs` at a time."""

    names = (PLAIN, *([PORTABLE] if portable else []), *RUNTIMES)

    def one(model: str) -> bool:
        if all((folder / f"{model}.{name}.onnx").exists() for name in names):
            return True
        command = [
            sys.executable,
            __file__,
            "--child-export",
            str(folder),
            *(["--portable"] * portable),
            model,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told = "exported" if done.returncode == 0 else f"FAILED {_last(done.stderr)}"
        print(f"{told} {model}", file=sys.stderr)
        return done.returncode == 0

    with ThreadPoolExecutor(jobs) as pool:
        good = list(pool.map(one, models))
    return [model for model, fine in zip(models, good, strict=True) if fine]


def _last(said: str) -> str:
    return (said.strip().splitlines() or ["it said nothing"])[-1]


def product_model(path: Path) -> Path:
    """Return `path`, a file that holds one large matrix product."""
    from onnx import TensorProto, helper, numpy_helper, save

    rng = np.random.default_rng(0)
    weight = numpy_helper.from_array(rng.standard_normal((SIDE, SIDE)).astype(np.float32), "w")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [SIDE, SIDE]) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], PRODUCT, ends[:1], ends[1:], [weight]
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


def child(runtime: str, budget: float, threads: int, files: Sequence[str]) -> None:
    """Print, as JSON, the samples in ns of every file, taken in turns for `budget` s, and the version."""
    sessions = loaded(runtime, threads, files)
    samples: list[list[int]] = [[] for _ in sessions]
    order, clock, took = random.Random(0), time.perf_counter_ns, 0
    while len(samples[0]) < FEWEST + WARMUP or took < budget * 1e9:
        for place in order.sample(range(len(sessions)), len(sessions)):
            run = sessions[place].run
            before = clock()
            run()
            begin = clock()
            run()
            end = clock()
            samples[place].append(end - begin)
            took += end - before
    kept = [each[WARMUP:] for each in samples]
    print(json.dumps({"samples": kept, "version": sessions[0].facts.version}))


def measured(  # noqa: PLR0917 - what to measure, and how
    models: Sequence[str], folder: Path, forms: Sequence[str], repeats: int, budget: float, threads: int
) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Yield model, runtime and what the process of each repeat printed, once a cell has all its repeats."""
    product = product_model(folder / f"{PRODUCT}.onnx")
    cells = [(model, runtime) for model in models for runtime in RUNTIMES]
    order = random.Random(0)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {cell: [] for cell in cells}
    for repeat in range(repeats):
        for model, runtime in order.sample(cells, len(cells)):
            paths = [*(file_of(folder, model, runtime, form) for form in forms), product]
            loading = paths[::-1] if repeat % 2 else paths  # what is loaded first may get the better memory
            arguments = ["--child", runtime, "--budget", str(budget), "--threads", str(threads)]
            command = [sys.executable, __file__, *arguments, *map(str, loading)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{model} on {runtime} failed: {_last(done.stderr)}")
            told = json.loads(done.stdout.splitlines()[-1])
            told["samples"] = told["samples"][::-1] if repeat % 2 else told["samples"]
            found[model, runtime].append(told)
            if len(found[model, runtime]) == repeats:
                yield model, runtime, found[model, runtime]
        print(f"repeat {repeat + 1} of {repeats} done", file=sys.stderr)


def file_of(folder: Path, model: str, runtime: str, form: str) -> Path:
    """Return where a form of `model` lies, `target` being that of `runtime`."""
    return folder / f"{model}.{runtime if form == TARGET else form}.onnx"


def row(  # noqa: PLR0917 - a cell, and how it was measured
    model: str,
    runtime: str,
    runs: Sequence[Mapping[str, Any]],
    folder: Path,
    forms: Sequence[str],
    threads: int,
) -> dict[str, Any]:
    """Return the figures of one model on one runtime; `forms` begins with the plain one."""
    from exporters.artifact import sha256_of
    from latbench.machine.probe import probe
    from latbench.stats import round_ratio
    from latbench.zoo.registry import spec

    launches = [tuple(np.array(run["samples"][place]) for run in runs) for place in range(len(forms) + 1)]
    times = [median(float(np.median(one)) for one in each) / 1e6 for each in launches]
    least = [min(float(one.min()) for one in each) for each in launches]
    gflops = 2 * SIDE**3 / (times[-1] * 1e6)
    floor = 2 * spec(model).macs / (gflops * 1e6)
    figures: dict[str, Any] = {
        "model": model,
        "family": spec(model).family,
        "runtime": runtime,
        "runtime_version": runs[0]["version"],
        "cpu_model": probe()["cpu_model"],
        "threads": threads,
        "repeats": len(runs),
        "rounds": min(len(one) for one in launches[0]),
        "matmul_gflops": round(gflops, 1),
        "floor_ms": round(floor, 3),
        "target_over_floor": round(times[forms.index(TARGET)] / floor, 3),
    }
    for place, form in enumerate(forms):
        figures[f"{form}_ms"] = round(times[place], 3)
        figures[f"{form}_sha256"] = sha256_of(file_of(folder, model, runtime, form))
        if place == 0:
            continue
        ratio = round_ratio(launches[0], launches[place])
        figures[f"{form}_ratio"] = round(ratio.estimate, 4)
        figures[f"{form}_ratio_low"] = round(ratio.low, 4) if ratio.low is not None else None
        figures[f"{form}_ratio_high"] = round(ratio.high, 4) if ratio.high is not None else None
        figures[f"{form}_minima"] = round(least[0] / least[place], 4)
    same = operators(file_of(folder, model, runtime, PLAIN)) == operators(
        file_of(folder, model, runtime, TARGET)
    )
    figures["same_operators"] = int(same)
    return figures


def operators(path: Path) -> list[tuple[str, ...]]:
    """Return the operators of the file at `path` with the sizes of their constants, sorted.

    Where both exports have the same, their ratio is that of a graph with itself: it tells the noise.
    """
    import onnx

    graph = onnx.load(path).graph
    sizes = {each.name: str(tuple(each.dims)) for each in graph.initializer}
    return sorted((node.op_type, *(sizes.get(name, "") for name in node.input)) for node in graph.node)


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean of `values`."""
    return math.exp(sum(map(math.log, values)) / len(values))


def counted(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows that the goal of the mean is about."""
    return [each for each in rows if not each["family"].startswith(APART)]


def report(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Print the table and the means; tell whether every goal is met."""
    forms = [form for form in (PORTABLE, TARGET) if f"{form}_ratio" in rows[0]]
    print(
        f"{'model':32} {'runtime':12} {'plain ms':>9}",
        *(f"{form:>20} {'minima':>7}" for form in forms),
        "x floor",
    )
    for each in sorted(rows, key=lambda row: (row["family"], row["model"], row["runtime"])):
        ratios = [
            "{:>20} {:7.3f}".format(
                "{:.3f} [{:.3f}-{:.3f}]".format(
                    *(each[f"{form}_ratio{end}"] or math.nan for end in ("", "_low", "_high"))
                ),
                each[f"{form}_minima"],
            )
            for form in forms
        ]
        missed = "UNDER" if each[f"{TARGET}_ratio"] < WORST else ""
        missed += " (the same operators)" if each["same_operators"] else ""
        line = f"{each['model']:32} {each['runtime']:12} {each['plain_ms']:9.3f} {' '.join(ratios)}"
        print(f"{line} {each['target_over_floor']:7.2f} {missed}".rstrip())
    for runtime in RUNTIMES:
        if speeds := [each["matmul_gflops"] for each in rows if each["runtime"] == runtime]:
            print(f"matrix product, {runtime}: {median(speeds):.0f} GFLOP/s")
    for name in sorted({each["family"] for each in rows}):
        _told(f"{name}", [each for each in rows if each["family"] == name], forms)
    for runtime in RUNTIMES:
        mine = [each for each in rows if each["runtime"] == runtime]
        _told(f"all, {runtime}", mine, forms)
        _told(f"neither RedNet nor ParC, {runtime}", counted(mine), forms)
    _told("neither RedNet nor ParC", counted(rows), forms)
    _told("the same operators as plain, so noise", [each for each in rows if each["same_operators"]], forms)
    worst = min(rows, key=lambda each: each[f"{TARGET}_ratio"])
    under = sum(each[f"{TARGET}_ratio"] < WORST for each in rows)
    surely = sum((each[f"{TARGET}_ratio_high"] or math.inf) < WORST for each in rows)
    about = counted(rows)
    mean = geometric_mean([each[f"{TARGET}_ratio"] for each in about]) if about else math.inf
    print(
        f"worst {worst[f'{TARGET}_ratio']:.3f} ({worst['model']}, {worst['runtime']}); "
        f"{under} of {len(rows)} under {WORST}, {surely} with their whole interval"
    )
    met = not under and mean >= MEAN
    print(f"goals (none under {WORST}, a mean of {MEAN:.2f}): {'met' if met else 'NOT MET'}")
    return met


def _told(name: str, rows: Sequence[Mapping[str, Any]], forms: Sequence[str]) -> None:
    if rows:
        means = (f"{form} {geometric_mean([each[f'{form}_ratio'] for each in rows]):.3f}" for form in forms)
        print(f"geometric mean, {name} ({len(rows)} rows): {', '.join(means)}")


def default_models() -> list[str]:
    """Return every network of the zoo that can be built here."""
    from latbench.zoo.registry import models
    from latbench.zoo.timm_import import missing

    lacking = missing()
    if lacking:
        print(f"without timm's networks: {lacking}", file=sys.stderr)
    return [known.name for known in models() if not (lacking and ".networks.timm" in known.network)]


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", help="networks of the zoo (default: all)")
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes per cell (default 3)")
    parser.add_argument("--budget", type=float, default=3.0, help="seconds timed per process (default 3)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--portable", action="store_true", help="measure the portable artifacts too")
    parser.add_argument("--jobs", type=int, default=1, help="exports at a time (default 1)")
    parser.add_argument("--keep", type=Path, help="keep exports in this folder, and use those it has")
    parser.add_argument("--export-only", action="store_true", help="measure nothing")
    parser.add_argument("--csv", type=Path, help="also write the table to this file")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--child-export", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Return 0; with --check, 1 when a goal is missed."""
    options = arguments()
    if options.child:
        child(options.child, options.budget, options.threads, options.models)
        return 0
    if options.child_export:
        export_model(options.models[0], options.child_export, options.portable)
        return 0
    with tempfile.TemporaryDirectory(prefix="latbench-bench-") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        models = export_all(options.models or default_models(), folder, options.portable, options.jobs)
        if options.export_only:
            return 0
        forms = [PLAIN, *([PORTABLE] if options.portable else []), TARGET]
        rows = []
        for model, runtime, runs in measured(
            models, folder, forms, options.repeats, options.budget, options.threads
        ):
            rows.append(row(model, runtime, runs, folder, forms, options.threads))
            if options.csv:
                with options.csv.open("w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, rows[0], lineterminator="\n")
                    writer.writeheader()
                    writer.writerows(rows)
    met = report(rows)
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
