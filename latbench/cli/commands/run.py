"""`latbench run`: time models."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latbench.cli.command import Command
from latbench.cli.options import (
    INVOLUTION,
    PARC,
    Device,
    Jobs,
    Opset,
    Pin,
    Range,
    Resolution,
    Seed,
    Set,
    Shape,
    Spinning,
    Threads,
    Timeout,
)
from latbench.cli.terminal import color, say, width
from latbench.errors import BadInput, Exit

if TYPE_CHECKING:
    from latbench.pipeline.options import RunOptions
    from latbench.records import Row

_FINE = frozenset({"ok", "skipped"})


def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Zoo models, timm:NAME, package.module:factory, or a path to an .onnx or .pt2 file. "
            "(default: the whole zoo)",
        ),
    ] = None,
    *,
    all_models: Annotated[bool, typer.Option("--all", help="The whole zoo, without being asked.")] = False,
    device: Device = "cpu",
    threads: Threads = 4,
    precision: Annotated[
        str,
        typer.Option(
            help="Arithmetic asked for: fp32, bf16, fp16, or tf32 on a GPU; runtimes without it are skipped."
        ),
    ] = "fp32",
    runtime: Annotated[
        list[str] | None,
        typer.Option(
            help="Runtime; give it several times. (default: onnxruntime, openvino, pytorch; with --device "
            "cuda tensorrt, onnxruntime, pytorch)"
        ),
    ] = None,
    set: Set = None,
    iterations: Annotated[
        int | None, typer.Option(help="Timed inferences per cell, over all launches. (default: 4000)")
    ] = None,
    launches: Annotated[
        int | None, typer.Option(help="Fresh processes per cell, each timing an equal share. (default: 10)")
    ] = None,
    warmup: Annotated[
        int | None,
        typer.Option(
            help="Untimed inferences before the timed ones of each launch. (default: 50, quick: 10)"
        ),
    ] = None,
    precision_target: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Launch until the 95 % interval is within this share of the latency, such as 1%: a pilot "
            "finds the inferences per launch, --launches (default: 80) is the most there can be.",
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="A rough answer, labelled so: within 5 %, 3 to 8 short launches, 20 s a cell."
        ),
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Measuring time of a cell after which it ends as not_converged. (default: 300, quick: 20)",
        ),
    ] = None,
    extend: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="After the fixed launches add more while a level of the latency was seen by fewer than 5, "
            "up to this measuring time of the cell.",
        ),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="launches, or paper: one launch, hence no interval between launches.")
    ] = "launches",
    target: Annotated[
        str,
        typer.Option(
            help="portable (one artifact for all), onnxruntime, openvino, tensorrt, or fastest: each its own."
        ),
    ] = "portable",
    expand: Annotated[
        list[str] | None,
        typer.Option(help="broadcast or repeat; several: a cell for each. (default: the target's)"),
    ] = None,
    layout: Annotated[
        list[str] | None,
        typer.Option(help="channels_last, channels_first or blocked; several: a cell for each."),
    ] = None,
    parc: Annotated[
        list[str] | None, typer.Option(help=f"{PARC}; several: a cell for each. (default: auto)")
    ] = None,
    involution: Annotated[
        list[str] | None, typer.Option(help=f"{INVOLUTION}; several: a cell for each. (default: auto)")
    ] = None,
    resolution: Resolution = None,
    shape: Shape = None,
    pin: Pin = None,
    range: Range = None,
    opset: Opset = 20,
    spinning: Spinning = "auto",
    seed: Seed = 0,
    timeout: Timeout = None,
    jobs: Jobs = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be measured and how long it takes; do nothing.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Leave an interrupted run alone and start anew.")
    ] = False,
    output: Annotated[Path, typer.Option(help="Results directory.")] = Path("latbench-results"),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
) -> None:
    """Time models on each runtime and leave a table and a CSV.

    Exports what is missing, all before anything is measured, then starts a fresh process per launch, in an
    order that mixes all cells. Every launch is recorded at once: after an interruption the same command goes
    on where it stopped.
    """
    from latbench.cli.measuring import measured
    from latbench.pipeline.knobs import knobs_of
    from latbench.pipeline.options import RunOptions, default_runtimes, share_of
    from latbench.pipeline.own.inputs import Inputs

    if names and all_models:
        raise BadInput("--all is the whole zoo; leave it out, or the names.")

    forms = {"expand": expand, "layout": layout, "parc": parc, "involution": involution}
    options = RunOptions(
        names=tuple(names or ()),
        forms={form: tuple(values) for form, values in forms.items() if values},
        device=device,
        threads=threads,
        precision=precision,
        runtimes=tuple(runtime or default_runtimes(device)),
        knobs=knobs_of(set or ()),
        iterations=iterations,
        launches=launches,
        warmup=warmup,
        protocol=protocol,
        precision_target=None
        if precision_target is None
        else share_of("--precision-target", precision_target),
        quick=quick,
        time_limit=time_limit,
        extend=extend,
        target=target,
        resolution=resolution,
        inputs=Inputs(tuple(shape or ()), tuple(pin or ()), tuple(range or ())),
        opset=opset,
        spinning=spinning,
        seed=seed,
        timeout=timeout,
        fresh=fresh,
        output=output,
        jobs=jobs,
    )
    if dry_run:
        _preview(options)
        return
    outcome = measured(options, ask=not (names or yes or all_models) and sys.stdin.isatty())
    _show(outcome.rows)
    say(f"\n{outcome.table} holds every column; `latbench table {shlex.quote(str(output))}` shows it again.")
    hint = allocation_hint(outcome.rows)
    if hint:
        say(hint)
    if any(row["status"] not in _FINE for row in outcome.rows):
        raise typer.Exit(Exit.ROWS_NOT_OK)


def _preview(options: "RunOptions") -> None:
    from latbench.cli.progress import PlainWatch, plan_lines, refused_lines
    from latbench.pipeline.run import preview

    found = preview(options, PlainWatch())
    sys.stdout.write("".join(f"{line}\n" for line in (*plan_lines(found), *refused_lines(found))))
    sys.stdout.flush()


def _show(rows: "Sequence[Row]") -> None:
    from latbench.reports import render

    sys.stdout.write(render(rows, "table", width(), color()))
    sys.stdout.flush()


def allocation_hint(rows: "Sequence[Row]") -> str | None:
    """Return the line that tells what brings the widest interval to 1 %; None when all are there."""
    wide = [
        row
        for row in rows
        if row["precision_target_percent"] is None
        and (row["latency_ci95_half_percent"] or 0) > 1
        and row["launches_for_1_percent"]
    ]
    if not wide:
        return None
    worst = max(wide, key=lambda row: row["launches_for_1_percent"])
    each = worst["iterations_requested"] // worst["launches_requested"]
    count = int(worst["launches_for_1_percent"])
    return (
        f"For intervals within 1 %: --precision-target 1%, or --launches {count} --iterations "
        f"{count * each} ({worst['model']} on {worst['runtime']}, now ± "
        f"{worst['latency_ci95_half_percent']:.1f} %, needs the most)."
    )


COMMAND = Command("run", 3, run)
