"""`latbench study`: questions made of many cells, one file each in `latbench.studies`.

A module there offers `STUDY` with `name`, `description` and `command`, a function whose parameters Typer
reads.
"""

from typing import Any

import typer

from exporters.discovery import discover
from latbench.cli.command import Command

GROUP = typer.Typer(help="Answer a question made of many cells, each with a CSV.", no_args_is_help=False)


@GROUP.callback(invoke_without_command=True)
def _studies(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def _add_studies() -> None:
    found: dict[str, Any] = discover("latbench.studies", "STUDY", lambda study: study.name)
    for study in found.values():
        GROUP.command(study.name, help=study.description)(study.command)


_add_studies()

COMMAND = Command("study", 6, group=GROUP)
