"""A process and all that it started: waited for without polling, and ended as one.

Two things are out of reach: a process that leaves its group, and, when this process itself is killed, what
the measuring process has started: it dies with its parent, but its own children are told of neither.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

PARENT = "LATBENCH_PARENT"
"""The variable in which a process finds the pid of the one that started it."""


def sleep_until_end(process: "subprocess.Popen[bytes]", timeout: float | None) -> bool:
    """Block until the leader of a process group ends, and tell whether it was killed for lateness.

    `Popen.wait(timeout)` polls, and a parent that polls is part of the benchmark: here the parent blocks in
    the kernel and a second thread, asleep on a lock, does the killing after `timeout` seconds. However the
    wait ends, an interrupt included, the whole group is dead and the leader reaped when this returns or
    raises. The group is killed before the leader is reaped: until then its number cannot be another's.
    """
    overdue = threading.Event()

    def end() -> None:
        overdue.set()
        kill(process)

    timer = threading.Timer(timeout, end) if timeout is not None else None
    try:
        if timer:
            timer.start()
        wait(process)
    finally:
        kill(process)
        if timer:
            timer.cancel()
            with suppress(RuntimeError):  # an interrupt came before it had started
                timer.join()
        process.wait()
    return overdue.is_set()


def wait(process: "subprocess.Popen[bytes]") -> None:
    """Block until `process` has ended, leaving it unreaped where the system can (Linux, newer Pythons)."""
    if not hasattr(os, "waitid"):
        process.wait()
        return
    with suppress(ChildProcessError):  # where SIGCHLD is ignored, the kernel reaps
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill `process` and the group that it leads; what has moved to another group stays."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (
        ProcessLookupError,
        PermissionError,
    ):  # it leads none, or all are dead
        process.kill()


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies: an orphan would disturb a resumed run.

    A parent that died before it could be asked is told by its pid, which spawn leaves in the environment.
    """
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.environ.get(PARENT, "") not in ("", str(os.getppid())):
        os.kill(os.getpid(), signal.SIGKILL)
