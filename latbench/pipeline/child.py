"""The parent's side of the worker."""

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latbench.errors import EnvironmentFault
from latbench.measure.spawn import environment, sleep_until_end, tail
from latbench.pipeline.worker import FAULTS


class WorkerDied(Exception):
    """The worker ended without an answer; the text says how."""


def call(task: str, arguments: Mapping[str, Any], env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the value of `task` of `worker.TASKS`, done in a fresh process with `env` in its environment.

    Raises what the task raised when that is one of `worker.FAULTS`, WorkerDied when the process died. An
    interrupt ends the process and is passed on.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="latbench-work-") as folder:
            return _call({"task": task, "arguments": arguments}, env or {}, Path(folder))
    except OSError as error:
        mend = "free space in the temporary folder, or set TMPDIR to another."
        raise EnvironmentFault(f"No process can be started: {error}; {mend}") from error


def _call(request: Mapping[str, Any], env: Mapping[str, str], folder: Path) -> dict[str, Any]:
    asked, answered, said = (folder / name for name in ("request.json", "answer.json", "output"))
    asked.write_text(json.dumps(request))
    command = [sys.executable, "-m", "latbench.pipeline.worker", str(asked), str(answered)]
    with said.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(env, random.Random(0)),
        )
    sleep_until_end(process, None)
    try:
        found = json.loads(answered.read_bytes())
    except (OSError, ValueError):
        last = tail(said)
        raise WorkerDied(f"exit code {process.returncode}{': ' if last else ''}{last}") from None
    if "error" in found:
        raise FAULTS[found["error"]](found["message"])
    return found["value"]
