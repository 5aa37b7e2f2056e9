import subprocess
import sys
import threading

import pytest

from exporters.errors import ExportError
from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline import pool as module
from latbench.pipeline.child import WorkerDied
from latbench.pipeline.pool import BUDGET_MIB, Job, default_jobs, work


def raising(error):
    def do(started):
        raise error

    return do


@pytest.mark.parametrize("error", [ExportError("e"), BadInput("b"), WorkerDied("ended by SIGKILL", "oom")])
def test_one_that_fails_leaves_the_others_alone(error):
    jobs = [Job("bad", 2, raising(error)), Job("good", 1, lambda _: 5)]
    found = {one.key: (one.value, one.error) for one in work(jobs, 2)}
    assert found == {"bad": (None, error), "good": (5, None)}


def test_what_the_machine_lacks_ends_all():
    done = []
    jobs = [Job("bad", 2, raising(EnvironmentFault("No space left."))), Job("good", 1, done.append)]
    with pytest.raises(EnvironmentFault):
        list(work(jobs, 1))
    assert done == []


@pytest.mark.parametrize(
    ("at_once", "size", "most"), [(1, 1, 1), (2, 1, 2), (3, 1, 3), (2, 0.6 * BUDGET_MIB, 1)]
)
def test_as_many_run_at_once_as_asked_for_and_as_memory_allows(at_once, size, most):
    running, seen, lock = set(), [], threading.Lock()
    met = threading.Barrier(most)

    def job(key):
        def do(started):
            with lock:
                running.add(key)
                seen.append(len(running))
            met.wait(60)
            with lock:
                running.discard(key)

        return Job(key, size, do)

    begun = []
    found = list(work([job(key) for key in range(6)], at_once, begun.append))
    assert max(seen) == most
    assert sorted(begun) == sorted(one.key for one in found) == list(range(6))
    assert all(one.error is None for one in found)


def test_the_largest_go_first_and_one_larger_than_the_budget_goes_alone():
    order = []
    sizes = {"small": 10.0, "huge": 9 * BUDGET_MIB, "large": 900.0}
    jobs = [Job(key, size, lambda _, key=key: order.append(key)) for key, size in sizes.items()]
    list(work(jobs, 1))
    assert order == ["huge", "large", "small"]


def test_the_default_is_one_or_two():
    assert default_jobs() in (1, 2)


@pytest.fixture
def hanging():
    """A job whose process ends only when it is killed, and the processes it began."""
    processes, begun = [], threading.Event()

    def do(started):
        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, process_group=0)
        processes.append(process)
        started(process)
        begun.set()
        process.wait(60)
        raise WorkerDied("ended")

    yield Job("hanging", 1, do), processes, begun
    assert [process.returncode for process in processes] == [-9]


def test_an_interrupt_ends_the_processes(hanging, monkeypatch):
    job, _, begun = hanging

    def wait(*_, **__):
        assert begun.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "wait", wait)
    with pytest.raises(KeyboardInterrupt):
        list(work([job], 1))


def test_who_stops_listening_ends_the_processes(hanging):
    job, _, begun = hanging
    ends = work([job, Job("quick", 0, lambda _: begun.wait(60))], 2)
    assert next(ends).key == "quick"
    ends.close()
