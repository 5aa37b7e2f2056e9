"""Prints how much faster RedNet's exports run than a plain dynamo export of the unfold form.

Run by `make bench-involution`; `--op` takes one involution instead, with the convolutions that make its
kernels, and `--between` puts it between 1x1 convolutions with their norms, as networks do. Per runtime, on
one thread: the plain export and ours, `auto` unless lowerings are named, take turns in an order drawn anew
for each turn, in one process that holds this runtime alone and is started afresh for each repeat. `median`
is the median over repeats of the ratio of medians, plain / ours; `minimum` the ratio of the smallest times
of all.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

RUNTIMES = ("onnxruntime", "openvino")
GOALS = {"onnxruntime": 4.5, "openvino": 3.2}
"""The least for RedNet-50 at 224 pixels on one thread, by `auto`."""


def subject(name: str, *, between: bool = False) -> "tuple[nn.Module, Tensor]":
    """Return a network of the zoo, or what `--op` names, and an input; SystemExit for neither."""
    from latbench.errors import LatbenchError
    from latbench.zoo.create import create_model, example_input
    from latbench.zoo.registry import spec

    try:
        if not name[0].isdigit():
            return create_model(name), example_input(spec(name))
        channels, size, kernel, stride, *grouped = map(int, name.split("x"))
        made = operator(channels, kernel, stride, *grouped)
        return surrounded(made, channels) if between else made, image(channels, size)
    except (LatbenchError, ValueError, TypeError) as error:
        raise SystemExit(f"{name} cannot be made: {error}") from error


def operator(channels: int, kernel: int, stride: int, members: int = 16) -> "nn.Module":
    """Return an involution with seeded weights, `members` channels sharing their kernels."""
    import torch

    from latbench.zoo.layers.involution import Involution

    torch.manual_seed(0)
    return Involution(channels, kernel, stride, group_channels=members).eval()


def surrounded(involution: "nn.Module", channels: int) -> "nn.Module":
    """Return `involution` behind and before a 1x1 convolution, a norm and a Relu behind the first and it."""
    from torch import nn

    norms = (nn.BatchNorm2d(channels) for _ in range(2))
    first, last = (nn.Conv2d(channels, channels, 1) for _ in range(2))
    return nn.Sequential(first, next(norms), nn.ReLU(), involution, next(norms), nn.ReLU(), last).eval()


def image(channels: int, size: int) -> "Tensor":
    """Return a seeded map (1, channels, size, size)."""
    import torch

    return torch.randn(1, channels, size, size, generator=torch.Generator().manual_seed(0))


def export_all(model: str, runtime: str, forms: list[str], folder: Path, *, between: bool) -> list[Path]:
    """Return the files of `model`: the plain export, then ours for `runtime` in each of `forms`."""
    from export import plain_export

    import exporters

    module, x = subject(model, between=between)
    plain = folder / f"{model}-plain.onnx"
    files = [plain if plain.exists() else plain_export(module, x, plain)]
    for form in forms:
        stem = f"{model}-{runtime}-{form}"
        made = exporters.export(
            module, (x,), name=model, output=folder, target=runtime, stem=stem, involution=form
        )
        files.append(made.path)
    return files


def measure(
    runtime: str, files: list[Path], repeats: int, budget: float, threads: int
) -> list[list[list[int]]]:
    """Return the samples in ns: of each repeat, of each file."""
    child = Path(__file__).with_name("parc.py")
    arguments = ["--child", runtime, "--budget", str(budget), "--threads", str(threads)]
    command = [sys.executable, str(child), *arguments, *map(str, files)]
    taken = []
    for _ in range(repeats):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{runtime} failed: {(done.stderr.strip().splitlines() or ['silent'])[-1]}")
        taken.append(json.loads(done.stdout.splitlines()[-1]))
    return taken


def ratios(taken: list[list[list[int]]], place: int) -> tuple[float, float]:
    """Return plain / ours for the file at `place`: of medians over repeats, and of all minima."""
    of_medians = median(median(run[0]) / median(run[place]) for run in taken)
    return of_medians, min(min(run[0]) for run in taken) / min(min(run[place]) for run in taken)


def main() -> int:
    """Return 0; with --check, 1 when a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="rednet50", help="a RedNet (default rednet50)")
    parser.add_argument(
        "--op",
        action="append",
        metavar="CxNxKxS",
        help="instead: an involution of C channels of N x N by K x K windows with stride S, as 64x56x7x1; a "
        "fifth number: channels that share kernels (default 16); several times for more",
    )
    parser.add_argument(
        "--between", action="store_true", help="with --op: between 1x1 convolutions, as in a network"
    )
    parser.add_argument("--runtime", choices=RUNTIMES, action="append", help="several times for more")
    parser.add_argument("--form", action="append", help="a value of --involution (default auto)")
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes per runtime (default 3)")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds timed per process (default 20)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    options = parser.parse_args()
    forms, missed = options.form or ["auto"], 0
    print(f"{'model':14} {'runtime':12} {'form':14} {'ms':>8} {'median':>7} {'minimum':>7} {'goal':>5}")
    for runtime, model in product(options.runtime or RUNTIMES, options.op or [options.model]):
        with tempfile.TemporaryDirectory(prefix="latbench-bench-") as folder:
            files = export_all(model, runtime, forms, Path(folder), between=options.between)
            taken = measure(runtime, files, options.repeats, options.budget, options.threads)
        for place, form in enumerate(("plain", *forms)):
            told, least = ratios(taken, place)
            aimed = model == "rednet50" and options.threads == 1 and form == "auto"
            goal = GOALS[runtime] if aimed else None
            lost = goal is not None and told < goal
            missed += lost
            ms = median(median(run[place]) for run in taken) / 1e6
            words = f"{goal or '':>5} {'MISSED' if lost else ''}".rstrip()
            print(f"{model:14} {runtime:12} {form:14} {ms:8.2f} {told:7.2f} {least:7.2f} {words}", flush=True)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
