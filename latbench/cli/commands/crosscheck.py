"""`latbench crosscheck`: the same artifact under other people's benchmarks."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latbench.cli.command import Command
from latbench.cli.options import Pin, Range, Resolution, Shape
from latbench.cli.terminal import say
from latbench.errors import Exit

if TYPE_CHECKING:
    from latbench.crosscheck.agreement import Row

_MOST_THREADS = 4


def crosscheck(
    model: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Zoo model, timm:NAME, package.module:factory, or an .onnx or .pt2 file."
        ),
    ],
    *,
    tool: Annotated[
        list[str] | None, typer.Option(help="Only this tool; several times for more. (default: all)")
    ] = None,
    runtime: Annotated[
        list[str] | None, typer.Option(help="Only tools of this runtime; several times for more.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads. (default: 4, or the usable CPUs if they are fewer)")
    ] = None,
    launches: Annotated[
        int, typer.Option(help="Blocks: in each, a fresh process of ours and one of each tool.")
    ] = 10,
    iterations: Annotated[
        int, typer.Option(help="Timed inferences of each tool and of ours, over all launches.")
    ] = 4000,
    warmup: Annotated[int, typer.Option(help="Untimed inferences before the timed ones, ours only.")] = 50,
    resolution: Resolution = None,
    shape: Shape = None,
    pin: Pin = None,
    range: Range = None,
    seed: Annotated[int, typer.Option(help="Seed of the order of the launches.")] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds a launch may take.")] = 600.0,
    format: Annotated[str, typer.Option(help="table, csv or json.")] = "table",
    output: Annotated[
        Path, typer.Option(help="Results directory; keeps the artifacts and all that the tools print.")
    ] = Path("latbench-results"),
) -> None:
    """Time one artifact with other people's tools too, and say why the figures differ.

    The launches of OpenVINO's benchmark_app, torch.utils.benchmark and, on the PATH, onnxruntime_perf_test
    and trtexec take turns with ours in a seeded random order. What makes a difference is measured in a
    process that goes both ways of calling in turns.

    Exit codes: 0 all agree within 2 %, 1 one differs by more, 3 undecided, 5 a tool failed, 6 none can run.
    """
    from datetime import UTC, datetime

    from latbench.cli.measuring import Interrupted
    from latbench.cli.tabular import render
    from latbench.crosscheck import agreement, plan, text
    from latbench.crosscheck.session import Plan, Session
    from latbench.crosscheck.tools import tools
    from latbench.machine.cpus import usable_cpus
    from latbench.pipeline.options import RunOptions, at_least, one_of
    from latbench.pipeline.own.inputs import Inputs
    from latbench.pipeline.watch import Watch
    from latbench.records.csvfile import write_text

    one_of("--format", format, ("table", "csv", "json"))
    at_least("--launches", launches, 2)
    chosen = plan.chosen(tool or (), runtime or ())
    options = RunOptions(
        names=(model,),
        runtimes=(),
        threads=threads if threads is not None else min(_MOST_THREADS, usable_cpus().count),
        iterations=iterations,
        launches=launches,
        warmup=warmup,
        resolution=resolution,
        inputs=Inputs(tuple(shape or ()), tuple(pin or ()), tuple(range or ())),
        seed=seed,
        timeout=timeout,
        output=output,
    )

    class Heard(Watch):
        def preparing(self, model: str, what: str) -> None:
            say(f"{model}: {what}")

    with held(output):
        pairs, missing = plan.planned(model, options, chosen, Heard())
        folder = plan.fresh_folder(output, f"{datetime.now(UTC):%Y%m%dT%H%M%S}")
        how = Plan(output, folder, launches, iterations // launches, warmup, seed, timeout)
        try:
            rows = [*map(agreement.row, Session(pairs, how, told=say).take()), *missing]
        except KeyboardInterrupt:
            raise Interrupted(f"Interrupted; what the tools printed so far is in {folder}.") from None
    flat = [_flat(row) for row in rows]
    write_text(render(flat, "csv"), folder / "crosscheck.csv")
    if format == "table":
        sys.stdout.write(text.told(rows, tools()))
    else:
        sys.stdout.write(render(rows if format == "json" else flat, format))
    say(f"\n{folder} keeps the table, every sample of ours and all that the tools printed.")
    code = ended([row["verdict"] for row in rows])
    if code != Exit.OK:
        raise typer.Exit(code)


@contextmanager
def held(output: Path) -> Iterator[None]:
    """Yield once the results directory is there and nobody else writes it; else raise EnvironmentFault."""
    from latbench.records import LOCK
    from latbench.records.lock import Lock, unwritable

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(output, error) from error
    lock = Lock.take(output / LOCK)
    try:
        yield
    finally:
        lock.release()


def _flat(row: "Row") -> "Row":
    parts = row["parts_us"]
    told = None if parts is None else ";".join(f"{name}={value:.3g}" for name, value in parts.items())
    return {**row, "parts_us": told}


def ended(verdicts: Sequence[str]) -> Exit:
    """Return the exit code for the verdicts of all rows; tools that were skipped decide nothing."""
    from latbench.crosscheck.agreement import FAILED, OFF, UNDECIDED

    for verdict, code in ((OFF, Exit.SLOWER), (FAILED, Exit.ROWS_NOT_OK), (UNDECIDED, Exit.UNDECIDED)):
        if verdict in verdicts:
            return code
    return Exit.OK


COMMAND = Command("crosscheck", 7, crosscheck)
