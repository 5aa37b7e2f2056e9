"""`latbench tune`: measures which lowering of ParC is fastest here."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latbench.cli.command import Command
from latbench.cli.options import Seed
from latbench.cli.terminal import say

if TYPE_CHECKING:
    from latbench.pipeline.sweep import SweepOptions
    from latbench.studies.crossover import Asked

RUNTIMES, EAGER = ("onnxruntime", "openvino"), "pytorch"
BOTH = "both"
NAME = "tune"


def tune(
    *,
    runtime: Annotated[
        list[str] | None,
        typer.Option(help=f"Runtime; several times for more. (default: {' and '.join(RUNTIMES)})"),
    ] = None,
    resolutions: Annotated[str, typer.Option(help="7:448 is 7 doubled up to 448, or a list.")] = "7:448",
    channels: Annotated[str, typer.Option(help="Channels, as 32,64.")] = "32,64,96,192",
    axis: Annotated[str, typer.Option(help="h, w or h,w.")] = "h,w",
    threads: Annotated[str, typer.Option(help="Threads of each runtime, as 1,2.")] = "1",
    context: Annotated[
        str, typer.Option(help="isolated, network (between 1x1 convolutions) or both.")
    ] = BOTH,
    dense: Annotated[bool, typer.Option("--dense", help="Dense operators too, as in ParC-ResNet50.")] = False,
    launches: Annotated[int, typer.Option(help="Fresh processes per operator.")] = 5,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds after which no further round begins. (default: none)")
    ] = None,
    memory_limit: Annotated[float, typer.Option(help="MiB of an activation; larger are left out.")] = 128,
    seed: Seed = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew after an interruption.")] = False,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Measure nothing; take the table from the results in this directory."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="The table. (default: one's own, which latbench then uses)")
    ] = None,
    format: Annotated[str, typer.Option(help="How changes are shown: table, csv or json.")] = "table",
    output: Annotated[
        Path | None, typer.Option(help="Results directory. (default: latbench-results/tune)")
    ] = None,
) -> None:
    """Measure which lowering of ParC is fastest on this machine, and keep the table that `auto` chooses from.

    Every operator is timed in every lowering, the lowerings by turns in one process. After an interruption
    the same command goes on. The table kept has the new rows first, and older ones of this machine.
    """
    from exporters.errors import InputError
    from exporters.lowerings.table import PACKAGED, load, packaged
    from latbench.cli.tabular import FORMATS, render
    from latbench.errors import BadInput
    from latbench.pipeline import tables
    from latbench.pipeline.options import OUTPUT, one_of
    from latbench.pipeline.sweep import Group, SweepOptions
    from latbench.records import read
    from latbench.studies.crossover import sizes_of
    from latbench.studies.tune import changes, table_of, updated

    one_of("--format", format, FORMATS)
    path, run_id = table or tables.place(), None
    try:
        old = load(path) if path.is_file() else None
    except InputError as error:
        raise BadInput(f"{error} It would be lost; take it away or name another with --table.") from None
    folder = source or output or OUTPUT / NAME
    if source is None:
        runtimes = tuple(dict.fromkeys(runtime or RUNTIMES))
        asked = tuple(_asked(resolutions, channels, axis, context, dense=dense, memory=memory_limit))
        for one in asked:
            if not one.lowerings:
                say(f"{one.name} is left out: {next(iter(one.refused.values()))}.")
        options = SweepOptions(
            output=folder,
            runtimes=runtimes,
            threads=sizes_of(threads, "--threads"),
            groups=tuple(Group(one.name, _forms(one, runtimes)) for one in asked if one.lowerings),
            launches=launches,
            time_limit=time_limit,
            seed=seed,
            fresh=fresh,
        )
        run_id = _measured(options)
    new = table_of(read(folder), run_id)
    tables.write(updated(new, old), path)
    found = changes(new, packaged())
    different = [row for row in found if row["chosen"] != row["before"]]
    if different or format != "table":
        sys.stdout.write(render([_rounded(row) for row in different] if format == "table" else found, format))
    say(
        f"{path} holds {len(new.rows)} measurements of {len(found)} operators; for {len(different)} of them "
        f"auto takes another lowering than by {PACKAGED} (of {packaged().cpu})."
    )


def _asked(
    resolutions: str, channels: str, axis: str, context: str, *, dense: bool, memory: float
) -> "Iterator[Asked]":
    """Yield what is to be measured: each operator, in every lowering that it allows."""
    from latbench.pipeline.options import one_of
    from latbench.studies.crossover import Grid, sizes_of
    from latbench.studies.crossover.grid import CONTEXTS

    one_of("--context", context, (*CONTEXTS, BOTH))
    for around in CONTEXTS if context == BOTH else (context,):
        for kind in (False, True) if dense else (False,):
            yield from Grid(
                sizes=sizes_of(resolutions),
                channels=sizes_of(channels, "--channels"),
                axes=tuple(dict.fromkeys(part.strip().lower() for part in axis.split(","))),
                context=around,
                dense=kind,
                memory_limit=int(memory * 2**20),
            ).asked()


def _forms(one: "Asked", runtimes: Sequence[str]) -> tuple[str, ...]:
    """Return what `auto` may choose of the lowerings of `one`: the exact ones, and torch.fft in PyTorch."""
    from exporters.lowerings import lowerings
    from exporters.lowerings.name import FFT, parse

    exact = tuple(text for text in one.lowerings if lowerings()[parse(text).lowering].exact)
    return (*exact, FFT) if EAGER in runtimes else exact


def _measured(options: "SweepOptions") -> str:
    """Return the id of the run that measured all that is asked for, continued if it was interrupted."""
    from latbench.cli.measuring import attended
    from latbench.pipeline.sweep import sweep

    return attended(lambda watch, command: sweep(options, watch, command), options.output).run_id


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 2) if isinstance(value, float) else value for key, value in row.items()}


COMMAND = Command("tune", 8, tune)
"""Its place among the commands."""
