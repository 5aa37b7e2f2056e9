"""What a command is: a function whose parameters Typer reads, in one file of `commands`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    """A command: its name, where it stands in the help, and the function behind it."""

    name: str
    order: int
    function: Callable[..., Any]


@dataclass
class Settings:
    """What the options before the command say."""

    debug: bool = False
