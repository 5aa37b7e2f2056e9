"""`latbench table`: results, shown again."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from latbench.cli.command import Command
from latbench.cli.terminal import color, say, width


def table(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULTS", help="Results directories, records.jsonl or latency.csv files."),
    ],
    *,
    format: Annotated[str, typer.Option(help="table, csv, json or markdown.")] = "table",
    proof: Annotated[
        bool, typer.Option("--proof", help="Show each row's proof card: what was asked for, what ran.")
    ] = False,
) -> None:
    """Show recorded results; needs neither PyTorch nor a runtime.

    Latencies are in milliseconds; results/README.md explains every column.
    """
    from latbench.records import read_any
    from latbench.reports import card, render

    rows = read_any(results, say)
    sys.stdout.write("\n".join(map(card, rows)) if proof else render(rows, format, width(), color()))


COMMAND = Command("table", 4, table)
