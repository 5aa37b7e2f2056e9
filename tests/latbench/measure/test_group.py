import os
import select
import signal
import subprocess
import sys

import pytest

from latbench.measure import group

HELPER = "import signal, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN); threading.Event().wait()"
FORKS = f"""
import os, subprocess, sys, threading
helper = subprocess.Popen([sys.executable, "-c", {HELPER!r}])  # it keeps our output open
print(helper.pid, flush=True)
if sys.argv[1:]:
    os._exit(int(sys.argv[1]))
threading.Event().wait()
"""


@pytest.fixture
def leader():
    """Starts a process that leads a group and has a helper; returns the process and a pidfd of the helper."""
    opened = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-c", FORKS, *words], stdout=subprocess.PIPE, process_group=0
        )
        helper = os.pidfd_open(int(process.stdout.readline()))
        opened.append((process, helper))
        return process, helper

    yield start
    for process, helper in opened:
        group.kill(process)
        process.wait()
        process.stdout.close()
        os.close(helper)


def ended(helper):
    return bool(select.select([helper], [], [], 30)[0])


def test_a_process_that_ends_takes_its_helpers_with_it(leader):
    process, helper = leader("3")
    assert group.sleep_until_end(process, 1e6) is False
    assert process.returncode == 3
    assert ended(helper)


def test_a_late_process_is_killed_with_its_helpers(leader):
    process, helper = leader()
    assert group.sleep_until_end(process, 0.01) is True
    assert process.returncode == -signal.SIGKILL
    assert ended(helper)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError])
def test_whatever_ends_the_wait_ends_the_group_and_is_passed_on(leader, monkeypatch, fault):
    def interrupted(process):
        raise fault

    process, helper = leader()
    monkeypatch.setattr(group, "wait", interrupted)
    with pytest.raises(fault):
        group.sleep_until_end(process, 1e6)
    assert process.returncode == -signal.SIGKILL
    assert ended(helper)


def test_the_parent_blocks_in_one_call_and_leaves_the_leader_to_be_killed_before_it_is_reaped(
    leader, monkeypatch
):
    calls = []
    waitid, killpg = os.waitid, os.killpg
    monkeypatch.setattr(os, "waitid", lambda *words: calls.append(words) or waitid(*words))
    monkeypatch.setattr(os, "killpg", lambda *words: calls.append(words) or killpg(*words))
    process, _ = leader("0")
    group.sleep_until_end(process, None)
    unreaped = os.WEXITED | os.WNOWAIT
    assert calls == [(os.P_PID, process.pid, unreaped), (process.pid, signal.SIGKILL)]


def test_without_waitid_it_still_waits(leader, monkeypatch):
    monkeypatch.delattr(os, "waitid")
    process, _ = leader("4")
    assert group.sleep_until_end(process, None) is False
    assert process.returncode == 4


def test_a_group_that_is_gone_is_no_error(leader):
    process, _ = leader("0")
    group.sleep_until_end(process, None)
    group.kill(process)
    assert process.returncode == 0


def test_a_process_that_leads_no_group_is_killed_alone():
    with subprocess.Popen([sys.executable, "-c", HELPER]) as process:
        assert group.sleep_until_end(process, 0.01) is True
    assert process.returncode == -signal.SIGKILL


def test_an_interrupt_before_the_timer_started_is_not_lost(monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(group.threading.Timer, "start", interrupted)
    process = subprocess.Popen(["sleep", "60"], process_group=0)
    with pytest.raises(KeyboardInterrupt):
        group.sleep_until_end(process, 60)
    assert process.returncode is not None
