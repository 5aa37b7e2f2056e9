"""Runs a measurement for a command: progress while it goes on, one sentence when it is interrupted."""

import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from latbench.cli.terminal import moves
from latbench.errors import Exit, LatbenchError

if TYPE_CHECKING:
    from latbench.pipeline.options import RunOptions
    from latbench.pipeline.run import Outcome
    from latbench.pipeline.watch import Watch


Measured = TypeVar("Measured")


class Interrupted(LatbenchError):
    """The user stopped the run."""

    exit_code = Exit.INTERRUPTED


def measured(options: "RunOptions", *, ask: bool = False) -> "Outcome":
    """Return the outcome of the run; `ask` before it starts where there is somebody to answer.

    Raises Interrupted as `attended` does.
    """
    from latbench.pipeline.run import run

    return attended(lambda watch, command: run(options, watch, command), options.output, ask=ask)


def attended(
    measure: "Callable[[Watch, Sequence[str]], Measured]", output: Path, *, ask: bool = False
) -> "Measured":
    """Return what `measure` does, given the watch that shows it and the command line that asked for it.

    Raises Interrupted, with the line that goes on, when the user or a job's end (SIGTERM) stops it: every
    finished launch is kept.
    """
    from latbench.cli.progress import MovingWatch, PlainWatch

    command = ("latbench", *sys.argv[1:])
    watch = MovingWatch(ask) if moves() else PlainWatch()
    try:
        with _terminated_as_interrupted():
            return measure(watch, command)
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted; every finished launch is kept in {output}, and the same command goes on: "
            f"{shlex.join(command)}"
        ) from None
    finally:
        watch.close()


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C meanwhile: the processes started are ended, their files removed."""
    kept = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if kept is None else kept)
