"""The application: its commands, and what becomes of an error."""

import os
import sys
import traceback
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from exporters.discovery import discover
from latbench import __version__
from latbench.cli.command import Command, Settings
from latbench.cli.panels import arrange
from latbench.errors import Exit, LatbenchError

# Typer carries its own copy of click in newer versions: the class is found where it really is.
_UsageFault: Any = next(cls for cls in typer.BadParameter.__mro__ if cls.__name__ == "ClickException")

_CODES = """Exit codes: 0 fine, 1 slower, 2 bad input, 3 undecided, 4 export refused, 5 some rows not ok, \
6 environment (runtime missing, directory locked or full), 70 internal error, 130 interrupted."""


class Grouped(TyperCommand):
    """A command whose help shows many options in groups."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        arrange(self.params)


@cache
def app() -> typer.Typer:
    """Return the Typer application with every command of `latbench.cli.commands`."""
    made = typer.Typer(
        name="latbench",
        help="How fast a vision network really runs on the machine it will be deployed on.",
        epilog=_CODES,
        rich_markup_mode="rich",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_global_options)
    found: dict[str, Command] = discover("latbench.cli.commands", "COMMAND", lambda command: command.name)
    for command in sorted(found.values(), key=lambda one: one.order):
        words = flowing(command.function.__doc__ or "")
        made.command(command.name, cls=Grouped, help=words)(command.function)
    return made


def flowing(text: str) -> str:
    """Return the paragraphs of a docstring without its line ends, for the terminal to break where it must."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _show_version(asked: bool) -> None:
    if asked:
        print(f"latbench {__version__}")
        raise typer.Exit


def _global_options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj.debug = debug


def invoke(arguments: Sequence[str]) -> int:
    """Return the exit code of `latbench ARGUMENTS`; an error is one sentence on stderr."""
    settings = Settings()
    try:
        code = app()(args=list(arguments), prog_name="latbench", standalone_mode=False, obj=settings)
        sys.stdout.flush()
        if code == Exit.INTERRUPTED:  # what newer versions of Typer make of an interrupt
            return told("Interrupted.", code)
        return int(code or Exit.OK)
    except (SystemExit, BrokenPipeError) as error:
        return _left(error)
    except (KeyboardInterrupt, typer.Abort):
        return told("Interrupted.", Exit.INTERRUPTED)
    except Exception as error:
        if settings.debug:
            traceback.print_exception(error)
        return told(*judged(error))


def judged(error: Exception) -> tuple[str, int]:
    """Return the sentence and the exit code for `error`."""
    from exporters.errors import ExportError, InputError

    if isinstance(error, _UsageFault):
        asked = getattr(getattr(error, "ctx", None), "command_path", "latbench")
        return f"{error.format_message().rstrip('.')}; `{asked} --help` tells what there is.", Exit.BAD_INPUT
    if isinstance(error, LatbenchError):
        return str(error), error.exit_code
    for kind, code in ((InputError, Exit.BAD_INPUT), (ExportError, Exit.EXPORT_REFUSED)):
        if isinstance(error, kind):
            return str(error), code
    why = f"{type(error).__name__}: {error}".rstrip(". ")
    return f"Internal error, please report it ({why}); `latbench --debug ...` shows where.", Exit.INTERNAL


def told(sentence: str, code: int) -> int:
    """Return `code`, after printing the sentence to stderr on one line."""
    print(f"latbench: {' '.join(sentence.split())}", file=sys.stderr)
    return int(code)


def _left(error: SystemExit | BrokenPipeError) -> int:
    """Return the code of an exit, 0 for a reader that went away, of which Typer makes an exit with code 1.

    Then Python is kept from complaining about it at its end.
    """
    if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
        return error.code if isinstance(error.code, int) else Exit.INTERNAL
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.OK
