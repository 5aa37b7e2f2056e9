"""One launch, seen from the parent: start a fresh process, sleep until it ends, say what became of it."""

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from latbench import runtimes
from latbench.errors import EnvironmentFault
from latbench.measure import answer, group, oom
from latbench.measure.launch import LaunchRequest, LaunchResult
from latbench.measure.scratch import scratch

PADDING = "LATBENCH_PADDING"
_PADDING_LIMIT = 4096
_TAIL_BYTES, _TAIL_LINES = 8192, 5
_LEAST_FREE_BYTES = 1 << 16
_MOST_WRITTEN_BYTES = 1 << 30
"""A measuring process may write no longer file: one that prints without end must not fill the disk."""


def launch(request: LaunchRequest, timeout: float | None, rng: random.Random) -> LaunchResult:
    """Return the result of one fresh measuring process, ended by force after `timeout` seconds (None: never).

    Whatever becomes of the process, a result comes back; EnvironmentFault is raised only when the process
    cannot be started or its files cannot be written. However it ends, an interrupt included, so do the
    processes that it started; one that left its process group is out of reach.
    """
    added = runtimes.get(request.runtime).environment(request.options)
    try:
        with scratch() as folder:
            return _launch(request, timeout, environment(added, rng), folder)
    except OSError as error:
        mend = "free space in the temporary folder, or set TMPDIR to another."
        raise EnvironmentFault(f"No launch can be started: {error}; {mend}") from error


def environment(added: Mapping[str, str], rng: random.Random) -> dict[str, str]:
    """Return the child's environment: this one, the runtime's, this import path and random padding.

    The size of the environment moves the stack and with it the latency (Mytkowicz et al. 2009), so it is
    drawn anew for each launch.
    """
    paths = [str(Path(entry or ".").resolve()) for entry in sys.path]
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1", group.PARENT: str(os.getpid())}
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
    process = start(command, environ, output_path)
    bound(process.pid)
    overdue = group.sleep_until_end(process, timeout)
    wall_ns = time.perf_counter_ns() - begin
    last_lines, spoilt = tail(output_path), None
    try:
        result = answer.read(result_path, request)
    except answer.Unusable as error:
        result, spoilt = None, str(error)
    if result is None:
        reason = f"no result after {timeout:g} s" if overdue else None
        killed = kills != oom.kills()
        check_space(folder)
        result = judge(process.returncode, last_lines, killed, overdue=reason, spoilt=spoilt)
    elif result.status == "failed" and out_of_memory(result.reason or ""):
        result = replace(result, status="oom")
    return replace(result, wall_ns=wall_ns)


def start(command: Sequence[str], environ: Mapping[str, str], output: Path) -> "subprocess.Popen[bytes]":
    """Return a process in a group of its own that reads nothing and prints to the file `output`.

    A group, not a session: Linux may schedule each session as one competitor (autogroup), and the terminal
    would be lost. Ctrl-C then reaches the parent alone, which ends the group.
    """
    with output.open("wb") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environ,
            process_group=0,
        )


def bound(pid: int) -> None:
    """Keep process `pid` from writing files without end, where the system can be told to (Linux)."""
    if hasattr(resource, "prlimit"):
        with suppress(OSError, ValueError):  # it has ended, or runs under a lower limit
            _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            if most == resource.RLIM_INFINITY or most > _MOST_WRITTEN_BYTES:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (_MOST_WRITTEN_BYTES, most))


def check_space(folder: Path) -> None:
    """Raise OSError when a launch left no result because the disk of its files is full."""
    if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.parent))


def judge(
    code: int, last_lines: str, oom_killed: bool, overdue: str | None = None, spoilt: str | None = None
) -> LaunchResult:
    """Return the result of a process that ended with exit `code` and left no usable one.

    `last_lines` is what it said last; `oom_killed` that the kernel's count of out-of-memory kills rose
    meanwhile; `overdue` the reason when it was killed for lateness; `spoilt` what is wrong with the result
    that it did leave.
    """
    said = f": {last_lines}" if last_lines else ""
    if overdue is not None:
        return LaunchResult("timeout", overdue + said)
    if code != 0 and out_of_memory(last_lines):
        return LaunchResult("oom", last_lines)
    if code == -signal.SIGKILL and oom_killed:
        return LaunchResult("oom", "the kernel killed the measuring process: out of memory")
    if code < 0:
        return LaunchResult("crashed", f"ended by {_signal_name(-code)}{said}")
    ended = f"exit code {code} without a readable result" if spoilt is None else f"exit code {code}, {spoilt}"
    return LaunchResult("failed", ended + said)


def out_of_memory(text: str) -> bool:
    """Tell whether an allocator's complaint stands in what a failed process said."""
    return any(phrase in text.lower() for phrase in _OUT_OF_MEMORY)


_OUT_OF_MEMORY = (
    "bad_alloc",
    "bad allocation",
    "memoryerror",
    "out of memory",
    *("can't allocate memory", "cannot allocate memory", "failed to allocate memory"),
)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def tail(path: Path) -> str:
    """Return the last lines of a file on one line, printable characters only, however large the file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode(errors="replace")
    except OSError:  # the process removed it
        return ""
    lines = (answer.line(one, _TAIL_BYTES) for one in text.splitlines())
    return " | ".join([one for one in lines if one][-_TAIL_LINES:])[-answer.REASON_LENGTH :]
