"""Runs what needs a GPU, one step after the other, and leaves CSVs with their provenance in one folder.

Run by `make bench-gpu`. The steps: the tests marked `gpu`; a latency table of the main models on every GPU
runtime in fp32, tf32 and fp16; the crossover of ParC (torch.fft, which is cuFFT, and the exported lowerings
against the spatial form); the study of EfficientMod's repeat against broadcast.

A call takes at most `--budget` seconds and is to be repeated until nothing is left: what is done is not done
again, and what was cut short goes on. Each step has its own limit over all calls. What cannot run here says
why. With `--device cpu --tiny` the same steps run on a CPU in small, to see that they work.

OUT/gpu.json tells of each step its command, how it ended and how long it took, with the versions and the
card; OUT/*.csv are the answers; OUT/work holds records and artifacts.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STATE = "gpu.json"
GRACE_S, LEAST_S = 30.0, 20.0
"""Seconds that a step may take to end once it is told to, and the least worth beginning one with."""

DONE, CUT, FAILED, UNAVAILABLE, UNFINISHED = "done", "cut", "failed", "unavailable", "unfinished"
NOT_OK, ENVIRONMENT, INTERRUPTED = 5, 6, 130
"""Exit codes of latbench that are no failure of a step: some rows not ok; nothing can run here; stopped."""

MODELS = ("efficientmod_s", "resnet50", "cloformer_xxs")
BLOCKS = ("efficientmod_block_c64_r6_28", "efficientmod_block_c144_r6_14", "efficientmod_block_c312_r6_7")
GPU_RUNTIMES = (
    "tensorrt",
    "onnxruntime",
    "onnxruntime_tensorrt",
    "pytorch",
    "torch_compile",
    "torch_cudagraph",
)
PACKAGES = (
    "latbench",
    "torch",
    "onnx",
    "onnxruntime",
    "onnxruntime-gpu",
    "tensorrt",
    "cuda-bindings",
    "numpy",
)


@dataclass(frozen=True)
class Step:
    """One step: its command, the seconds it may take over all calls, and the files it leaves as CSVs.

    `kept` are files in `folder` by the name under which they are copied to the output.
    """

    name: str
    words: tuple[str, ...]
    limit_s: float
    folder: Path | None = None
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Told:
    """How a step stands: `seconds` over all calls, and the last line that it wrote."""

    status: str = UNFINISHED
    seconds: float = 0.0
    code: int | None = None
    last: str = ""
    command: str = ""


def steps(out: Path, device: str, *, tiny: bool, python: str = sys.executable) -> Iterator[Step]:
    """Yield the steps in the order of what matters most, with output in `out`."""
    work = out / "work"
    latbench = (python, "-m", "latbench")
    marked = sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py") if _marked(path)
    )
    suite = (python, "-m", "pytest", "-m", "gpu", "-rs", "-p", "no:cacheprovider", *marked)
    yield Step("suite", suite, 240)
    on = ("--device", device)
    few = ("--launches", "2") if tiny else ("--launches", "3")
    runtimes = GPU_RUNTIMES if device != "cpu" else ("onnxruntime", "pytorch")
    for precision in ("fp32", "tf32", "fp16") if device != "cpu" else ("fp32",):
        name = f"latency_{precision}"
        models = ("parc_h_c8_7",) if tiny else MODELS
        iterations = ("--iterations", "8", "--warmup", "1") if tiny else ("--iterations", "600")
        words = (*latbench, "run", *models, *on, "--precision", precision, *_each("--runtime", runtimes))
        words = (*words, *few, *iterations, "--threads", "1", "--output", str(work / name))
        yield Step(name, words, 300, work / name, {"latency.csv": f"{name}.csv"})
    for runtime, limit_s, grid in _crossovers(device, tiny=tiny):
        name = f"crossover_{runtime}"
        words = (*latbench, "crossover", *on, "--runtime", runtime, *grid, *few)
        words = (*words, "--time-limit", f"{0.6 * limit_s:g}", "--memory-limit", "512")
        kept = {f"{part}.csv": f"{name}_{part}.csv" for part in ("curves", "ratios", "crossover")}
        yield Step(name, (*words, "--output", str(work / name)), limit_s, work / name, kept)
    blocks = BLOCKS[-1:] if tiny else BLOCKS
    words = (*latbench, "study", "expand", *on, *_each("--only", blocks), "--launches", "2")
    words = (*words, "--iterations", "4" if tiny else "400", "--threads", "1")
    words = (*words, *_each("--runtime", ("onnxruntime",) if device == "cpu" else ("tensorrt", "pytorch")))
    yield Step(
        "expand",
        (*words, "--output", str(work / "expand")),
        360,
        work / "expand",
        {"expand.csv": "expand.csv"},
    )


def _crossovers(device: str, *, tiny: bool) -> Iterator[tuple[str, float, tuple[str, ...]]]:
    """Yield the runtime of each crossover, its limit in seconds, and its grid.

    That of TensorRT is smaller: each lowering is an engine to build.
    """
    if tiny:
        small = ("--resolutions", "7:14", "--channels", "8", "--axis", "h", "--samples", "3")
        yield from (("pytorch", 120.0, small), ("onnxruntime", 120.0, (*small, "--lowering", "circulant")))
        return
    whole = ("--resolutions", "7:448", "--channels", "32,96,192,384", "--axis", "h,w")
    yield "pytorch", 300, whole
    yield "onnxruntime", 300, whole
    if device != "cpu":
        some = ("--resolutions", "14,56,224", "--channels", "64", "--axis", "h", "--samples", "60")
        yield "tensorrt", 300, some


def _marked(path: Path) -> bool:
    return "mark.gpu" in path.read_text("utf-8")


def _each(option: str, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for value in values for word in (option, value))


def take(step: Step, told: Told, seconds: float, log: Path) -> Told:
    """Return how `step` stands after at most `seconds` more of it; what it writes is added to `log`."""
    begin = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(step.words, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT)
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    spent = told.seconds + time.perf_counter() - begin
    last = _last(log)
    if code is None or code in (INTERRUPTED, -signal.SIGTERM):
        status = CUT if spent >= step.limit_s - 1 else UNFINISHED
    elif code == ENVIRONMENT:
        status = UNAVAILABLE
    else:
        status = DONE if code in (0, NOT_OK) else FAILED
    return Told(status, spent, code, last, " ".join(step.words))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process that still runs to end, as Ctrl-C would, and see that it has."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _last(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:400] if lines else ""


def go(asked: Sequence[Step], out: Path, budget_s: float, told: dict[str, Told]) -> bool:
    """Take the steps that have not ended, in at most `budget_s`; return whether nothing is left to do.

    How each stands is in `told`, and is written after each.
    """
    end = time.perf_counter() + budget_s
    for step in asked:
        stands = told.setdefault(step.name, Told())
        if stands.status in (DONE, CUT):
            continue
        spare = end - time.perf_counter() - GRACE_S
        if spare < LEAST_S:
            break
        left = min(step.limit_s - stands.seconds, spare)
        if left <= 0:
            continue
        print(f"{step.name}: at most {left:.0f} s", flush=True)
        told[step.name] = take(step, stands, left, out / f"{step.name}.log")
        _keep(step, out)
        write(out, told)
    write(out, told)
    return all(told.get(step.name, Told()).status != UNFINISHED for step in asked)


def _keep(step: Step, out: Path) -> None:
    for name, copy in step.kept.items():
        if step.folder is not None and (step.folder / name).is_file():
            shutil.copyfile(step.folder / name, out / copy)


def write(out: Path, told: Mapping[str, Told]) -> None:
    """Write how the steps stand, with the versions and the card that the records name."""
    facts = {
        "commit": _commit(),
        "python": sys.version.split()[0],
        "versions": dict(_versions()),
        "gpu": _card(out / "work"),
        "steps": {name: asdict(one) for name, one in told.items()},
    }
    (out / STATE).write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def read(out: Path) -> dict[str, Told]:
    """Return how the steps stand after earlier calls."""
    try:
        known = json.loads((out / STATE).read_text("utf-8"))["steps"]
    except FileNotFoundError:
        return {}
    return {name: Told(**fields) for name, fields in known.items()}


def _commit() -> str | None:
    try:
        done = subprocess.run(
            ("git", "rev-parse", "HEAD"), cwd=ROOT, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() or None


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue


def _card(work: Path) -> Any:
    """Return what the newest run recorded of its GPU, None where none did."""
    from latbench.errors import LatbenchError
    from latbench.records import read as records

    found = None
    for folder in sorted(path.parent for path in work.glob("*/records.jsonl")):
        try:
            cards = [run.machine.get("gpu") for run in records(folder).runs]
        except LatbenchError:
            continue
        found = next((card for card in reversed(cards) if card), found)
    return found


def summary(asked: Sequence[Step], told: Mapping[str, Told]) -> str:
    """Return a line per step: how it ended, how long it took, and its last line where that is no success."""
    lines = []
    for step in asked:
        one = told.get(step.name, Told(status="not begun"))
        more = f"  {one.last}" if one.status in (FAILED, UNAVAILABLE) or one.code == NOT_OK else ""
        lines.append(f"{step.name:<24}{one.status:<13}{one.seconds:6.0f} s{more}")
    return "\n".join(lines)


def main() -> int:
    """Return 0 when every step ended, 1 when one failed, 3 when a further call is to go on."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--out", type=Path, default=Path("latbench-results/gpu"), help="the folder to leave all in"
    )
    parser.add_argument("--budget", type=float, default=500, help="seconds this call may take (default 500)")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--tiny", action="store_true", help="as little as can be, to see that all steps work")
    parser.add_argument("--only", action="append", help="only this step; several times for more")
    given = parser.parse_args()
    out = given.out.resolve()
    asked = [
        step for step in steps(out, given.device, tiny=given.tiny) if step.name in (given.only or [step.name])
    ]
    if not asked:
        known = ", ".join(step.name for step in steps(out, given.device, tiny=given.tiny))
        parser.error(f"--only {' '.join(given.only)} is no step; use one of: {known}")
    (out / "work").mkdir(parents=True, exist_ok=True)
    told = read(out)
    ended = go(asked, out, given.budget, told)
    print(summary(asked, told))
    if not ended:
        print(f"Not all is done: the same command goes on ({out / STATE} tells where it stands).")
        return 3
    print(f"{out} holds the CSVs, {STATE} and a log for each step.")
    return 1 if any(told[step.name].status == FAILED for step in asked) else 0


if __name__ == "__main__":
    sys.exit(main())
