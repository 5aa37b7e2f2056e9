"""`latbench paper`: the tables of the papers, ours beside them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latbench.cli.command import Command
from latbench.cli.terminal import color, say, width

if TYPE_CHECKING:
    from latbench.records import Row

DEFAULT = Path("latbench-results")


def paper(
    name: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="A table; without one, all of them are listed.")
    ] = None,
    *,
    results: Annotated[
        list[Path] | None,
        typer.Option(
            help="Results: directory (or one of such), records.jsonl or latency.csv; several times. "
            f"(default: {DEFAULT}, where it exists)"
        ),
    ] = None,
    runtime: Annotated[
        list[str] | None, typer.Option(help="Only latencies measured on it; several times. (default: all)")
    ] = None,
    threads: Annotated[
        list[int] | None,
        typer.Option(help="Only latencies with so many threads; several times. (default: all)"),
    ] = None,
    format: Annotated[str, typer.Option(help="table, csv, json or markdown.")] = "table",
) -> None:
    """Show a table of a paper beside our counts and measured latencies; needs neither PyTorch nor a runtime.

    Published figures stand as printed, with their sources; a parameter or MAC count that ours contradicts is
    marked. Where results are given, each published column of latencies is ranked against each measured one.
    """
    from latbench.papers import beside, table
    from latbench.reports.paper import known, render

    if name is None:
        _list(format)
        return
    known(format)
    shown = beside(table(name), _rows(results), runtime or (), threads or ())
    sys.stdout.write(render(shown, format, width(), color()))


def _list(format: str) -> None:
    from latbench.cli.tabular import render
    from latbench.papers import tables

    rows = [
        {
            "table": one.name,
            "rows": len(one.rows),
            "devices": ", ".join(device.key for device in one.devices) or None,
            "title": one.title,
            "source": one.source,
        }
        for one in tables().values()
    ]
    sys.stdout.write(render(rows, format))


def _rows(results: list[Path] | None) -> "list[Row]":
    from latbench.papers.measured import results_under
    from latbench.records import read_any

    if results is not None:
        return read_any(results_under(results), say)
    return read_any(results_under([DEFAULT]), say) if any(DEFAULT.rglob("records.jsonl")) else []


COMMAND = Command("paper", 5, paper)
