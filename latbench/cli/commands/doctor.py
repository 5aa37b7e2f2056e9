"""`latbench doctor`: what this machine offers and what would disturb a measurement."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latbench.cli.command import Command
from latbench.cli.terminal import width

if TYPE_CHECKING:
    from latbench.machine.checks.base import Finding


def doctor(
    format: Annotated[str, typer.Option(help="table or json.")] = "table",
    threads: Annotated[int, typer.Option(help="Threads that a run would ask for.")] = 4,
    output: Annotated[Path, typer.Option(help="Results directory that a run would write to.")] = Path(
        "latbench-results"
    ),
) -> None:
    """Say what about this machine changes latency, why, and how to mend it; and which runtimes run here."""
    from latbench.machine.doctor import as_json, as_table, diagnose
    from latbench.pipeline.checkup import runtime_findings
    from latbench.pipeline.engines import engine_finding
    from latbench.pipeline.options import at_least, one_of

    formats: Mapping[str, Callable[[Sequence[Finding]], str]] = {
        "table": lambda found: as_table(found, width() or 100),
        "json": as_json,
    }
    one_of("--format", format, formats)
    at_least("--threads", threads, 1)
    kept = engine_finding(output)
    found = (*diagnose(threads=threads, results=output), *([kept] if kept else []), *runtime_findings())
    sys.stdout.write(formats[format](found))


COMMAND = Command("doctor", 5, doctor)
