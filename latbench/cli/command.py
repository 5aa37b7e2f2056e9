"""What a command is: a function whose parameters Typer reads, in one file of `commands`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import typer


@dataclass(frozen=True)
class Command:
    """A command: its name, the function (or the group) behind it, and where it stands in the help."""

    name: str
    order: int
    function: Callable[..., Any] | None = None
    group: typer.Typer | None = None


@dataclass
class Settings:
    """What the options before the command say."""

    debug: bool = False
