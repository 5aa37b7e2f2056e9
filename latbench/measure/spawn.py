"""One launch, seen from the parent: start a fresh process, sleep until it ends, say what became of it."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from latbench import runtimes
from latbench.errors import EnvironmentFault
from latbench.measure import oom
from latbench.measure.launch import LaunchRequest, LaunchResult

PADDING = "LATBENCH_PADDING"
_PADDING_LIMIT = 4096
_TAIL_BYTES, _TAIL_LINES, _TAIL_LENGTH = 8192, 5, 600
_OUT_OF_MEMORY = ("std::bad_alloc", "MemoryError", "can't allocate memory", "Failed to allocate memory")


def launch(request: LaunchRequest, timeout: float | None, rng: random.Random) -> LaunchResult:
    """Return the result of one fresh measuring process, ended by force after `timeout` seconds (None: never).

    Whatever becomes of the process, a result comes back; EnvironmentFault is raised only when the process
    cannot be started or its files cannot be written. An interrupt kills the process and is passed on.
    """
    added = runtimes.get(request.runtime).environment(request.options)
    try:
        with tempfile.TemporaryDirectory(prefix="latbench-launch-") as folder:
            return _launch(request, timeout, environment(added, rng), Path(folder))
    except OSError as error:
        mend = "free space in the temporary folder, or set TMPDIR to another."
        raise EnvironmentFault(f"No launch can be started: {error}; {mend}") from error


def environment(added: Mapping[str, str], rng: random.Random) -> dict[str, str]:
    """Return the child's environment: this one, the runtime's, this import path and random padding.

    The size of the environment moves the stack and with it the latency (Mytkowicz et al. 2009), so it is
    drawn anew for each launch.
    """
    paths = [str(Path(entry or ".").resolve()) for entry in sys.path]
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
    return {**os.environ, **own, **added, PADDING: "x" * rng.randrange(_PADDING_LIMIT)}


def _launch(
    request: LaunchRequest, timeout: float | None, environ: Mapping[str, str], folder: Path
) -> LaunchResult:
    request_path, result_path, output_path = (
        folder / name for name in ("request.json", "result.json", "output")
    )
    request_path.write_text(json.dumps(request.to_json()))
    command = [sys.executable, "-m", "latbench.measure.child", str(request_path), str(result_path)]
    kills = oom.kills()
    begin = time.perf_counter_ns()
    with output_path.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environ
        )
    overdue = sleep_until_end(process, timeout)
    wall_ns = time.perf_counter_ns() - begin
    result = read_result(result_path)
    if result is None:
        reason = f"no result after {timeout:g} s" if overdue else None
        killed = kills != oom.kills()
        result = judge(process.returncode, tail(output_path), killed, overdue=reason)
    return replace(result, wall_ns=wall_ns)


def sleep_until_end(process: subprocess.Popen[bytes], timeout: float | None) -> bool:
    """Block until the process ends and tell whether it had to be killed for lateness.

    `Popen.wait(timeout)` polls, and a parent that polls is part of the benchmark: here the parent blocks in
    `waitpid` and a second thread, asleep on a lock, does the killing.
    """
    overdue = threading.Event()

    def kill() -> None:
        overdue.set()
        process.kill()

    timer = threading.Timer(timeout, kill) if timeout is not None else None
    try:
        if timer:
            timer.start()
        process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        if timer:
            timer.cancel()
    return overdue.is_set()


def read_result(path: Path) -> LaunchResult | None:
    """Return the result in `path`, or None when there is no whole one.

    A whole result counts however the process ended: it is written after the last iteration.
    """
    try:
        return LaunchResult.from_json(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return None


def judge(code: int, last_lines: str, oom_killed: bool, overdue: str | None = None) -> LaunchResult:
    """Return the result of a process that ended with exit `code` and left none.

    `last_lines` is what it said last; `oom_killed` that the kernel's count of out-of-memory kills rose
    meanwhile; `overdue` the reason when it was killed for lateness.
    """
    said = f": {last_lines}" if last_lines else ""
    if overdue is not None:
        return LaunchResult("timeout", overdue + said)
    if any(phrase in last_lines for phrase in _OUT_OF_MEMORY):
        return LaunchResult("oom", last_lines)
    if code == -signal.SIGKILL and oom_killed:
        return LaunchResult("oom", "the kernel killed the measuring process: out of memory")
    if code < 0:
        return LaunchResult("crashed", f"ended by {_signal_name(-code)}{said}")
    return LaunchResult("failed", f"exit code {code} without a readable result{said}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def tail(path: Path) -> str:
    """Return the last lines of a file on one line, printable characters only, however large the file."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        text = file.read().decode(errors="replace")
    lines = ("".join(filter(str.isprintable, line)).strip() for line in text.splitlines())
    return " | ".join([line for line in lines if line][-_TAIL_LINES:])[-_TAIL_LENGTH:]
