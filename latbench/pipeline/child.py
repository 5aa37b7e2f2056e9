"""The parent's side of the worker."""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from latbench.errors import EnvironmentFault
from latbench.measure import oom
from latbench.measure.group import sleep_until_end
from latbench.measure.scratch import scratch
from latbench.measure.spawn import check_space, environment, judge, start, tail
from latbench.pipeline.worker import FAULTS


class WorkerDied(Exception):
    """The worker ended without a usable answer; the text says how, `status` as that of a launch ("oom")."""

    def __init__(self, reason: str, status: str = "failed") -> None:
        super().__init__(reason)
        self.status = status


def call(
    task: str,
    arguments: Mapping[str, Any],
    env: Mapping[str, str] | None = None,
    started: Callable[[subprocess.Popen[bytes]], object] = lambda _: None,
) -> dict[str, Any]:
    """Return the value of `task` of `worker.TASKS`, done in a fresh process with `env` in its environment.

    Raises what the task raised when that is one of `worker.FAULTS`, WorkerDied when the process died or its
    answer is none. `started` hears of the process. However it ends, an interrupt included, so do the
    processes that it started.
    """
    try:
        with scratch() as folder:
            return _call({"task": task, "arguments": arguments}, env or {}, folder, started)
    except OSError as error:
        mend = "free space in the temporary folder, or set TMPDIR to another."
        raise EnvironmentFault(f"No process can be started: {error}; {mend}") from error


def _call(
    request: Mapping[str, Any],
    env: Mapping[str, str],
    folder: Path,
    started: Callable[[subprocess.Popen[bytes]], object],
) -> dict[str, Any]:
    asked, answered, said = (folder / name for name in ("request.json", "answer.json", "output"))
    asked.write_text(json.dumps(request))
    command = [sys.executable, "-m", "latbench.pipeline.worker", str(asked), str(answered)]
    kills = oom.kills()
    process = start(command, environment(env, random.Random(0)), said)
    started(process)
    sleep_until_end(process, None)
    try:
        return _value(json.loads(answered.read_bytes()))
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        check_space(folder)
        how = judge(process.returncode, tail(said), kills != oom.kills())
        raise WorkerDied(how.reason or how.status, how.status) from None


def _value(found: Any) -> dict[str, Any]:
    if "error" in found:
        raise FAULTS[found["error"]](str(found["message"]))
    if not isinstance(found["value"], dict):
        raise TypeError
    return found["value"]
