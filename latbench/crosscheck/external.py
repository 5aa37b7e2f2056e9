"""One launch of somebody else's program, in a fresh process, its whole output kept."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from latbench.measure import group, spawn
from latbench.records.lock import unwritable


@dataclass(frozen=True)
class Ended:
    """How a program ended: `reason` None when well, and what it printed on both streams."""

    reason: str | None
    output: str


def launch(
    command: Sequence[str],
    added: Mapping[str, str],
    output: Path,
    timeout: float | None,
    rng: random.Random,
) -> Ended:
    """Return how `command` ended, with `added` in its environment; `output` keeps what it printed.

    The environment is padded at random as in our own launches, and the parent sleeps meanwhile. Ended by
    force after `timeout` seconds (None: never). EnvironmentFault when `output` cannot be written.
    """
    try:
        process = spawn.start(command, spawn.environment(added, rng), output)
    except FileNotFoundError as error:
        if output.is_file():
            return Ended(f"{command[0]} cannot be started: {error.strerror}", "")
        raise unwritable(output, error) from error
    except OSError as error:
        raise unwritable(output, error) from error
    overdue = group.sleep_until_end(process, timeout)
    said = output.read_text(errors="replace")
    last = spawn.tail(output)
    told = f": {last}" if last else ""
    if overdue:
        return Ended(f"no end after {timeout:g} s{told}", said)
    if process.returncode:
        return Ended(f"exit code {process.returncode}{told}", said)
    return Ended(None, said)
