import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from latbench.machine import kernels, native
from latbench.machine.cpus import allowed_cpus
from latbench.machine.files import Tree

can_pin = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads cannot choose their CPU")
two_cpus = pytest.mark.skipif(
    len(allowed_cpus(Tree())) < 2
    or native.function("handoff") is None
    or not hasattr(os, "sched_setaffinity"),
    reason="needs two CPUs and machine code",
)


class Ticking:
    """A clock that advances by `step` ns on each reading."""

    def __init__(self, step):
        self.step, self.now = step, 0

    def __call__(self):
        self.now += self.step
        return self.now


def affinity():
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


@can_pin
def test_each_usable_cpu_has_a_time_and_the_affinity_is_put_back():
    before = affinity()
    found = kernels.compute_ns()
    assert len(found) == len(before)
    assert all(time > 0 for time in found)
    assert affinity() == before


@can_pin
def test_a_product_takes_what_the_clock_says():
    (cpu, *_) = kernels.usable()
    assert kernels.compute_ns([cpu], Ticking(1000)) == [1000]
    assert set(kernels.slices_ns(cpu, 50_000, Ticking(1000))) == {1000}
    assert len(kernels.slices_ns(cpu, 0, Ticking(1000))) == 3


@can_pin
def test_it_runs_on_the_cpu_it_speaks_of(monkeypatch):
    where = []
    matmul = np.matmul
    monkeypatch.setattr(np, "matmul", lambda *a, **k: (where.append(affinity()), matmul(*a, **k)))
    kernels.compute_ns(clock=Ticking(10**6))
    assert [next(iter(one)) for one in dict.fromkeys(map(frozenset, where))] == list(kernels.usable())
    assert all(len(one) == 1 for one in where)


def test_a_cpu_that_cannot_be_had_is_unknown():
    before = affinity()
    assert kernels.compute_ns([10**6]) == [None]
    assert kernels.slices_ns(10**6, 1000) == []
    assert affinity() == before


def test_of_many_cpus_a_few_are_timed(monkeypatch):
    timed = []
    monkeypatch.setattr(kernels, "slices_ns", lambda cpu, length, clock: timed.append(length) or [5, 7, 9])
    found = kernels.compute_ns(range(40))
    assert [index for index, time in enumerate(found) if time == 7] == list(range(0, 40, 3))
    assert sum(timed) <= 20_000_000


@can_pin
def test_the_product_is_too_small_for_a_librarys_threads():
    code = """
import os
from latbench.machine import kernels

def others():
    return [f"/proc/self/task/{task}" for task in os.listdir("/proc/self/task") if task != str(os.getpid())]

def asleep(task):
    return open(f"{task}/stat").read().rpartition(")")[2].split()[0] == "S"

def used():
    return sum(int(open(f"{task}/schedstat").read().split()[0]) for task in others())

kernels.compute_ns()
for _ in range(1_000_000):  # a library's threads spin for a while after they were made
    if all(map(asleep, others())):
        break
    os.sched_yield()
before = used()
taken = kernels.slices_ns(kernels.usable()[0], 50_000_000)
print(len(taken) > 0, used() - before < sum(taken) / 10)  # falling asleep takes its moment
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


@two_cpus
@pytest.mark.parametrize("pause", [False, True])
def test_a_handoff_has_a_time_a_hundred_times_over(pause):
    before, threads = affinity(), threading.active_count()
    found = [kernels.handoff_ns(pause) for _ in range(100)]
    assert all(time is None or time > 0 for time in found)
    assert any(found)
    assert affinity() == before
    assert threading.active_count() == threads


@two_cpus
def test_a_handoff_takes_what_the_clock_says():
    assert kernels.handoff_ns(clock=Ticking(200_000)) in (1000, None)


def test_with_one_cpu_there_is_no_handoff(monkeypatch):
    monkeypatch.setattr(kernels, "usable", lambda: (0,))
    assert [kernels.handoff_ns() for _ in range(100)] == [None] * 100


@two_cpus
def test_with_one_usable_cpu_a_process_knows_no_handoff():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from latbench.machine import kernels; print(kernels.witnessed('before'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = eval(done.stdout)
    assert (found["handoff_before_ns"], found["handoff_pause_before_ns"]) == (None, None)
    assert len(found["compute_cpus"]) == len(found["compute_before_ns"]) == 1


@two_cpus
def test_a_partner_that_never_comes_ends_the_handoff(monkeypatch):
    monkeypatch.setattr(kernels, "_pair", lambda: (kernels.usable()[0], 10**6))
    monkeypatch.setattr(kernels, "_SPINS", {"handoff": 1000, "handoff_pause": 1000})
    assert kernels.handoff_ns() is None
    assert kernels.handoff_ns(pause=True) is None


@two_cpus
def test_a_partner_that_goes_away_leaves_what_was_timed(monkeypatch):
    swap, asked = native.function("handoff"), []

    def interrupted(word, first, rounds, spins):
        asked.append(first)
        leaves = first == 1
        return swap(word, first, kernels._RENDEZVOUS + 700 if leaves else rounds, 10**9 if leaves else spins)

    monkeypatch.setattr(native, "function", lambda _: interrupted)
    assert kernels.handoff_ns(clock=Ticking(200_000)) in (1000, None)
    assert max(asked) <= 2 * (kernels._RENDEZVOUS + 700)


@two_cpus
def test_a_thread_that_cannot_start_is_no_error(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    before = affinity()
    assert kernels.handoff_ns() is None
    assert affinity() == before


def test_the_partner_sits_on_another_core(monkeypatch, machine):
    tree = machine({"sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0,1"})
    monkeypatch.setattr(kernels, "Tree", lambda: tree)
    monkeypatch.setattr(kernels, "usable", lambda: (0, 1, 2, 3))
    assert kernels._pair() == (0, 2)
    monkeypatch.setattr(kernels, "usable", lambda: (0, 1))
    assert kernels._pair() == (0, 1)


def test_the_witnesses_name_their_moment():
    found = kernels.witnessed("after")
    assert found.keys() == {"compute_cpus", "compute_after_ns", "handoff_after_ns", "handoff_pause_after_ns"}
    assert len(found["compute_cpus"]) == len(found["compute_after_ns"])


@two_cpus
def test_the_partner_has_left_when_the_figure_is_there():
    tasks = Path("/proc/self/task")
    before = set(tasks.iterdir())
    for _ in range(300):
        kernels.handoff_ns(pause=True)
        assert set(tasks.iterdir()) <= before


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are not told")
def test_a_thread_that_stays_is_not_waited_for_for_ever(monkeypatch):
    looked = []
    monkeypatch.setattr(kernels, "_LOOKS", 3)
    monkeypatch.setattr(os, "sched_yield", lambda: looked.append(1))
    kernels._depart(threading.get_native_id())
    assert len(looked) == 3
