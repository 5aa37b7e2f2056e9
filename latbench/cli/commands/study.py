"""`latbench study`: questions made of many cells, one file each in `latbench.studies`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latbench.cli.command import Command
from latbench.cli.options import Set
from latbench.cli.terminal import say

if TYPE_CHECKING:
    from latbench.studies.base import Answer


def study(
    name: Annotated[str | None, typer.Argument(help="The study; none lists them.")] = None,
    *,
    device: Annotated[str, typer.Option(help="Physical device: cpu or cuda.")] = "cpu",
    threads: Annotated[int | None, typer.Option(help="Threads of each runtime.")] = None,
    runtime: Annotated[list[str] | None, typer.Option(help="Runtime; give it several times.")] = None,
    set: Set = None,
    iterations: Annotated[int | None, typer.Option(help="Timed inferences per cell.")] = None,
    launches: Annotated[int | None, typer.Option(help="Fresh processes per cell.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this subject; several times for more.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew after an interruption.")] = False,
    format: Annotated[str, typer.Option(help="table, csv or json.")] = "table",
    output: Annotated[
        Path | None, typer.Option(help="Results directory. (default: latbench-results/NAME)")
    ] = None,
) -> None:
    """Answer a question made of many cells, with a CSV of the answer beside the usual one.

    Options left out are the study's own. After an interruption the same command goes on where it stopped.
    """
    from latbench.cli.measuring import measured
    from latbench.cli.tabular import render
    from latbench.pipeline.knobs import knobs_of
    from latbench.pipeline.options import OUTPUT, RunOptions, default_runtimes, one_of
    from latbench.records import read
    from latbench.records.csvfile import write_text
    from latbench.studies import studies

    found = studies()
    if name is None:
        told = [
            {"name": one.name, "subjects": len(one.names), "question": one.question} for one in found.values()
        ]
        sys.stdout.write(render(told, format))
        return
    one_of("study", name, found)
    chosen = found[name]
    for subject in only or ():
        one_of("--only", subject, chosen.names)
    folder = output or OUTPUT / name
    options = RunOptions(
        names=tuple(only or chosen.names),
        forms=chosen.forms,
        device=device,
        threads=chosen.threads if threads is None else threads,
        runtimes=tuple(runtime or (chosen.runtimes if device == "cpu" else default_runtimes(device))),
        knobs=knobs_of(set or ()),
        iterations=chosen.iterations if iterations is None else iterations,
        launches=chosen.launches if launches is None else launches,
        warmup=chosen.warmup,
        fresh=fresh,
        output=folder,
    )
    outcome = measured(options)
    answer = chosen.answer(read(folder), outcome.run_id)
    table = folder / f"{name}.csv"
    write_text(render(answer, "csv"), table)
    sys.stdout.write(render(short(answer) if format == "table" else answer, format))
    say(f"\n{table} holds the answer, {outcome.table} every cell.")


def short(rows: "Answer") -> "Answer":
    """Return the rows with figures of four places, without the columns in which none has anything."""
    told = {key for row in rows for key, value in row.items() if value is not None}
    return [
        {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in row.items()
            if key in told
        }
        for row in rows
    ]


COMMAND = Command("study", 6, study)
