"""`latbench table`: results, shown again."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latbench.cli.command import Command
from latbench.cli.terminal import blocks, color, say, width
from latbench.errors import BadInput

if TYPE_CHECKING:
    from latbench.records import Measured, Row

    Part = Callable[[Row, Measured | None], str]


def table(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULTS", help="Results directories, records.jsonl or latency.csv files."),
    ],
    *,
    format: Annotated[str, typer.Option(help="table, csv, json or markdown.")] = "table",
    proof: Annotated[
        bool,
        typer.Option("--proof", help="Each row's proof card: how sure, what ran, what disturbed it."),
    ] = False,
    launches: Annotated[
        bool, typer.Option("--launches", help="Each row's launches, and what each saw beside the model.")
    ] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Each row's samples in the order taken, as strips of blocks.")
    ] = False,
) -> None:
    """Show recorded results; needs neither PyTorch nor a runtime.

    Latencies are in milliseconds; results/README.md explains every column. --proof, --launches and --stream
    show each row by itself, and can be given together.
    """
    from latbench.records import read_any
    from latbench.reports import render

    rows = read_any(results, say)
    parts = _parts(proof, launches, stream)
    if not parts:
        sys.stdout.write(render(rows, format, width(), color()))
        return
    if format != "table":
        raise BadInput(f"--proof, --launches and --stream are text; leave --format {format} out.")
    sys.stdout.write(_each(results, rows, parts, needed=launches or stream))


def _parts(proof: bool, launches: bool, stream: bool) -> "list[Part]":
    from latbench import reports
    from latbench.records import Measured

    marks, none = blocks(), Measured()
    chosen: list[tuple[bool, Part]] = [
        (proof, lambda row, measured: reports.card(row, measured, marks)),
        (launches, lambda row, measured: reports.launch_table(row, measured or none)),
        (stream, lambda row, measured: reports.stream(row, measured or none, width(), marks)),
    ]
    return [part for asked, part in chosen if asked]


def _each(results: Sequence[Path], rows: "Sequence[Row]", parts: "Sequence[Part]", needed: bool) -> str:
    """Return the parts of each row, a blank line between; BadInput without any launches where `needed`."""
    from latbench.records import read_launches

    found = read_launches(results)
    if needed and rows and not found:
        named = ", ".join(map(str, results))
        raise BadInput(f"{named} holds no launches; name the results directory, or its records.jsonl.")
    measured = [found.get((row["run_id"], row["cell_id"])) for row in rows]
    return "\n".join(part(row, one) for row, one in zip(rows, measured, strict=True) for part in parts)


COMMAND = Command("table", 4, table)
