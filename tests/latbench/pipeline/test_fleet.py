import threading

import pytest

from exporters.errors import ExportError, InputError
from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline import fleet as module
from latbench.pipeline.child import WorkerDied
from latbench.pipeline.export import export
from latbench.pipeline.fleet import BUDGET_MIB, default_jobs, expected_mib, export_all
from latbench.pipeline.wish import Wish

NAMES = ("parc_h_c2_5", "parc_w_c2_5", "parc_h_c2_7")


def wish(name):
    return Wish(kind="parc", name=name, forms={"parc": "spatial"})


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("artifacts")
    export(wish(NAMES[0]), folder)
    return folder


def test_what_is_valid_is_taken_as_it_is_unless_anew(artifacts):
    asked = []
    (one,) = export_all([(wish(NAMES[0]), 10)], artifacts, 2, make=lambda *a: asked.append(a))
    assert (one.reused, one.error, asked) == (True, None, [])
    assert one.artifact.manifest["name"] == NAMES[0]
    (one,) = export_all([(wish(NAMES[0]), 10)], artifacts, 2, fresh=True, make=lambda *_: 123.0)
    assert (one.reused, one.peak_mib, one.error) == (False, 123.0, None)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ExportError("out of parity"), "out of parity"),
        (InputError("cannot run"), "cannot run"),
        (BadInput("no"), "no"),
        (WorkerDied("ended by SIGKILL"), "the process that exports it died: ended by SIGKILL"),
    ],
)
def test_one_that_fails_leaves_the_others_alone(artifacts, error, told):
    def make(one, _):
        if one.name != NAMES[0]:
            raise error
        return 1.0

    found = list(export_all([(wish(name), 1) for name in NAMES], artifacts, 2, fresh=True, make=make))
    assert {one.wish.name: one.error is None for one in found} == {
        NAMES[0]: True,
        NAMES[1]: False,
        NAMES[2]: False,
    }
    assert told in str(next(one.error for one in found if one.error))


def test_what_the_machine_lacks_ends_all(tmp_path):
    def make(*_):
        raise EnvironmentFault("No space left.")

    with pytest.raises(EnvironmentFault):
        list(export_all([(wish(name), 1) for name in NAMES], tmp_path, 1, make=make))


@pytest.mark.parametrize(("jobs", "params", "most"), [(1, 1, 1), (2, 1, 2), (3, 1, 3), (2, 80_000_000, 1)])
def test_as_many_run_at_once_as_asked_for_and_as_memory_allows(tmp_path, jobs, params, most):
    running, seen, lock = set(), [], threading.Lock()
    met = threading.Barrier(most)

    def make(one, _):
        with lock:
            running.add(one.name)
            seen.append(len(running))
        met.wait(60)
        with lock:
            running.discard(one.name)

    wishes = [(wish(f"parc_h_c2_{size}"), params) for size in range(5, 5 + 6 // most * most)]
    started = []
    found = list(export_all(wishes, tmp_path, jobs, make=make, starting=lambda one: started.append(one.name)))
    assert max(seen) == most
    assert sorted(started) == sorted(one.wish.name for one in found) == sorted(one.name for one, _ in wishes)
    assert all("cannot be read" in str(one.error) for one in found)  # nothing was written


def test_the_largest_go_first_and_one_larger_than_the_budget_goes_alone(tmp_path):
    order = []
    sizes = {"parc_h_c2_5": 10, "parc_h_c2_6": 10**9, "parc_h_c2_7": 50_000_000}
    wishes = [(wish(name), params) for name, params in sizes.items()]
    list(export_all(wishes, tmp_path, 1, make=lambda one, _: order.append(one.name)))
    assert order == ["parc_h_c2_6", "parc_h_c2_7", "parc_h_c2_5"]
    assert expected_mib(10**9) > BUDGET_MIB > expected_mib(50_000_000) > expected_mib(10)
    assert expected_mib(None) == BUDGET_MIB / 2


def test_the_default_is_one_or_two():
    assert default_jobs() in (1, 2)


def test_each_is_exported_by_a_process_that_tells_its_memory(tmp_path):
    (one,) = export_all([(wish(NAMES[0]), 10)], tmp_path, 1)
    assert one.error is None
    assert one.peak_mib > 50
    assert one.artifact.path.exists()


def test_an_interrupt_ends_the_processes(tmp_path, monkeypatch):
    processes = []

    def call(task, arguments, started):
        import subprocess
        import sys

        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, process_group=0)
        processes.append(process)
        started(process)
        process.wait(60)
        raise WorkerDied("ended")

    monkeypatch.setattr(module, "call", call)

    def wait(*_, **__):
        while not processes:
            threading.Event().wait(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "wait", wait)
    with pytest.raises(KeyboardInterrupt):
        list(export_all([(wish(NAMES[0]), 10)], tmp_path, 1))
    assert processes[0].returncode == -9
