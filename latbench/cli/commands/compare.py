"""`latbench compare`: is B faster than A, slower, or the same?"""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latbench.cli.command import Command
from latbench.cli.options import (
    INVOLUTION,
    PARC,
    Device,
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
from latbench.cli.terminal import say
from latbench.errors import BadInput, Exit

if TYPE_CHECKING:
    from latbench.records.compare.outcome import Comparison


def compare(
    baseline: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="What stands: NAME or NAME@key=value,..., or old results (directory or file).",
        ),
    ],
    candidate: Annotated[
        str | None,
        typer.Argument(metavar="B", help="What is to be judged: a cell too, or the new results."),
    ] = None,
    *,
    runtime: Annotated[
        list[str] | None,
        typer.Option(help="Runtime; several times: a pair on each. (default: onnxruntime)"),
    ] = None,
    set: Set = None,
    margin: Annotated[str, typer.Option(help="The largest difference that is called the same.")] = "2%",
    blocks: Annotated[
        int, typer.Option(help="Blocks of four launches, A B B A or B A A B; their number is the sample.")
    ] = 10,
    per_launch: Annotated[int, typer.Option(help="Timed inferences of each launch.")] = 100,
    warmup: Annotated[
        int, typer.Option(help="Untimed inferences before the timed ones of each launch.")
    ] = 50,
    threads: Threads = 4,
    precision: Annotated[str, typer.Option(help="Arithmetic asked for, for example fp32 or bf16.")] = "fp32",
    target: Annotated[
        str, typer.Option(help="What is exported for: portable, a runtime, or fastest.")
    ] = "portable",
    expand: Annotated[str | None, typer.Option(help="broadcast or repeat. (default: the target's)")] = None,
    layout: Annotated[
        str | None, typer.Option(help="channels_last, channels_first or blocked. (default: the target's)")
    ] = None,
    parc: Annotated[str | None, typer.Option(help=f"{PARC}. (default: auto)")] = None,
    involution: Annotated[str | None, typer.Option(help=f"{INVOLUTION}. (default: auto)")] = None,
    resolution: Resolution = None,
    shape: Shape = None,
    pin: Pin = None,
    range: Range = None,
    opset: Opset = 20,
    spinning: Spinning = "auto",
    device: Device = "cpu",
    seed: Seed = 0,
    timeout: Timeout = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Leave an interrupted session alone and start anew.")
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Stored results: a difference to compare across, for example machine or threads."),
    ] = None,
    format: Annotated[str, typer.Option(help="table, json or markdown.")] = "table",
    output: Annotated[Path, typer.Option(help="Results directory of a session.")] = Path(
        "latbench-results/compare"
    ),
) -> None:
    """Say whether B is FASTER or SLOWER than A, the SAME, UNDECIDED, or the machine UNTRUSTED.

    Two cells are measured side by side: fresh processes in blocks A B B A, with A against itself as a check
    of the machine. A cell is a NAME as `latbench run` takes it; after @ stands what is set for it alone:
    runtime, threads, target, expand, layout, parc, involution, resolution, precision, spinning, opset, as
    in efficientmod_s@openvino,threads=2; of one's own model also pin:AXIS, shape:INPUT and range:INPUT, as in
    model.onnx@pin:batch=4 (no commas in their names), and of the runtime's own options set:OPTION. The other
    options hold for both.

    Two results files are compared cell by cell, with what differs between them named. One results directory
    alone shows the session that it holds again, in another format for example.

    Exit codes: 0 same or faster, 1 slower, 3 undecided or untrusted, or results incomplete, 5 a cell failed.
    """
    from latbench.pipeline.options import at_least, one_of, share_of
    from latbench.records.compare.side import is_results
    from latbench.reports.comparison import formats, render

    one_of("--format", format, formats())
    share = share_of("--margin", margin)
    stored = [is_results(name) for name in (baseline, candidate) if name is not None]
    if all(stored):
        found = _stored(baseline, candidate, share, allow or [])
    else:
        _refuse_mixture(baseline, candidate, stored, allow or [])
        from latbench.cli.measuring import attended
        from latbench.pipeline.compare import LEAST_BLOCKS
        from latbench.pipeline.compare import compare as measure
        from latbench.pipeline.knobs import knobs_of
        from latbench.pipeline.options import RunOptions
        from latbench.pipeline.own.inputs import Inputs

        at_least("--blocks", blocks, LEAST_BLOCKS)
        at_least("--per-launch", per_launch, 1)
        asked = {"expand": expand, "layout": layout, "parc": parc, "involution": involution}
        forms = {form: (value,) for form, value in asked.items() if value}
        options = RunOptions(
            forms=forms,
            device=device,
            threads=threads,
            runtimes=tuple(runtime or ()),
            knobs=knobs_of(set or ()),
            precision=precision,
            iterations=2 * blocks * per_launch,
            launches=2 * blocks,
            warmup=warmup,
            target=target,
            resolution=resolution,
            inputs=Inputs(tuple(shape or ()), tuple(pin or ()), tuple(range or ())),
            opset=opset,
            spinning=spinning,
            seed=seed,
            timeout=timeout,
            fresh=fresh,
            output=output,
        )
        found = attended(
            lambda watch, command: measure(
                baseline, str(candidate), options, margin=share, watch=watch, command=command
            ),
            output,
        )
        say(f"\n`latbench compare {shlex.quote(str(output))}` shows this again; every launch is kept there.")
    sys.stdout.write(render(found, format))
    sys.stdout.flush()
    if found.exit_code != Exit.OK:
        raise typer.Exit(found.exit_code)


def _stored(baseline: str, candidate: str | None, margin: float, allow: list[str]) -> "Comparison":
    from latbench.records.compare.session import compare_session, load_session
    from latbench.records.compare.stored import compare_files

    if candidate is None:
        return compare_session(load_session(baseline), margin=margin)
    command = shlex.join(("latbench", *sys.argv[1:]))
    return compare_files(baseline, candidate, margin=margin, allowed=allow, redo=command, warn=say)


def _refuse_mixture(baseline: str, candidate: str | None, stored: list[bool], allow: list[str]) -> None:
    from latbench.records.compare.side import is_results

    for name in (baseline, candidate or ""):
        path = Path(name)
        if path.suffix in (".csv", ".jsonl") and not path.exists():
            raise BadInput(f"There is no {name}; name existing results, or two cells to measure.")
        if name and path.is_dir() and not is_results(name):
            raise BadInput(f"{name} is a directory without results; name the --output directory of a run.")
    if candidate is None:
        raise BadInput(
            f"{baseline} is one cell, and nothing to compare it with is named; write `latbench compare "
            f"{baseline} B`."
        )
    if any(stored):
        results, cell = (baseline, candidate) if stored[0] else (candidate, baseline)
        raise BadInput(
            f"{results} holds results and {cell} does not; name two results files, or two cells to measure."
        )
    if allow:
        raise BadInput(
            f"--allow {allow[0]} is for stored results; two cells measured side by side may differ in all "
            "but the machine."
        )


COMMAND = Command("compare", 4, compare)
