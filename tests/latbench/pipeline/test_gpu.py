import random
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from latbench.machine.gpu import Reading
from latbench.measure.launch import LaunchResult
from latbench.pipeline import gpu
from latbench.pipeline import plan as plan_module
from latbench.pipeline import run as run_module
from latbench.pipeline.child import WorkerDied
from latbench.pipeline.options import RunOptions
from latbench.pipeline.run import preview, run
from latbench.pipeline.worker import TASKS
from latbench.records import Store, read


class Card:
    """Reads one after the other, and writes down when."""

    slice = False

    def __init__(self, *readings, said=None):
        self.readings, self.said = list(readings), [] if said is None else said

    def read(self):
        self.said.append("read")
        return self.readings.pop(0)

    def facts(self):
        return {"name": "NVIDIA H", "uuid": "GPU-1", "memory_bytes": None}


def result(**witnesses):
    return LaunchResult("ok", samples_ns=(5,), witnesses=witnesses)


@pytest.fixture
def there(monkeypatch):
    """A machine with a GPU: what CUDA tells, what NVML is, which card it finds."""

    def build(told=None, found=None, card=None):
        @contextmanager
        def opened():
            yield SimpleNamespace() if found is None else found

        asked = []

        def call(task, arguments):
            asked.append((task, arguments))
            if isinstance(told, Exception):
                raise told
            return told or {}

        def chosen(_, uuid, environ):
            asked.append(("card", uuid))
            return card

        monkeypatch.setattr(gpu, "present", lambda tree: True)
        monkeypatch.setattr(gpu, "call", call)
        monkeypatch.setattr(gpu.nvml, "opened", opened)
        monkeypatch.setattr(gpu, "card", chosen)
        return asked

    return build


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_without_a_gpu_nothing_is_asked_and_nothing_changes(monkeypatch, plan, listener, device, tmp_path):
    monkeypatch.setattr(gpu, "present", lambda tree: False)
    monkeypatch.setattr(gpu, "call", None)
    with gpu.watching(device) as watched, Store.open(tmp_path) as store:
        assert watched.machine == {}
        assert watched.launcher(len) is len
        run = plan()
        assert watched.completed(store, run, listener) is run
    assert listener.heard == []


def test_on_the_cpu_a_gpu_is_let_be(there):
    asked = there(card=Card())
    with gpu.watching("cpu") as watched:
        assert watched.machine == {}
    assert asked == []


def test_the_card_is_the_one_that_cuda_names(there):
    asked = there({"uuid": "GPU-1", "name": "as CUDA says", "memory_bytes": 7}, card=Card())
    with gpu.watching("cuda") as watched:
        facts = watched.machine["gpu"]
    assert asked == [("gpu", {}), ("card", "GPU-1")]
    assert facts == {"name": "NVIDIA H", "uuid": "GPU-1", "memory_bytes": 7, "nvml": "read"}


@pytest.mark.parametrize("told", [{}, WorkerDied("gone")])
def test_where_cuda_cannot_be_asked_the_environment_decides(there, told):
    asked = there(told, card=Card())
    with gpu.watching("cuda") as watched:
        assert watched.machine["gpu"]["name"] == "NVIDIA H"
    assert asked[1] == ("card", None)


@pytest.mark.parametrize("broken", [{"found": "pynvml is not installed"}, {"card": "cards of several kinds"}])
def test_without_nvml_the_run_goes_on_and_says_why(there, listener, plan, tmp_path, broken):
    there({"name": "NVIDIA H"}, **broken)
    why = next(iter(broken.values()))
    with gpu.watching("cuda") as watched, Store.open(tmp_path) as store:
        assert watched.machine == {"gpu": {"name": "NVIDIA H", "nvml": why}}
        assert watched.launcher(len) is len
        watched.completed(store, plan(), listener)
    assert why in listener.heard[0][1]


def test_the_card_is_read_right_before_and_right_after_a_launch():
    said = []
    card = Card(Reading(sm_mhz=345, energy_mj=0), Reading(sm_mhz=1980, energy_mj=5000), said=said)

    def launch(request, timeout, rng):
        said.append(request)
        return result(elapsed_ms=7)

    found = gpu.Watched({"name": "x"}, card).launcher(launch)("request", None, random.Random(0))
    assert said == ["read", "request", "read"]
    assert found.witnesses["elapsed_ms"] == 7
    assert (found.witnesses["gpu_sm_mhz_before"], found.witnesses["gpu_sm_mhz_after"]) == (345, 1980)
    assert found.witnesses["gpu_energy_j"] == 5.0
    assert found.samples_ns == (5,)


def test_every_cell_of_a_shared_launch_gets_the_readings_of_its_process():
    card = Card(Reading(temperature_c=40), Reading(temperature_c=60))
    watched = gpu.Watched({"name": "x"}, card).launcher(lambda *_: {"a": result(x=1), "b": result(x=2)})
    found = watched(None, None, random.Random(0))
    assert [one.witnesses["x"] for one in found.values()] == [1, 2]
    assert {one.witnesses["gpu_temperature_c"] for one in found.values()} == {60}


def test_the_roofline_is_measured_once_and_recorded(monkeypatch, listener, plan, tmp_path):
    measured = {"copy_gb_s": 3000.0, "tflops": {"fp32": 50.0}, "how": "so", "device": "x"}
    asked = []
    monkeypatch.setattr(gpu, "call", lambda task, arguments: asked.append((task, arguments)) or measured)
    watched = gpu.Watched({"name": "x"}, Card())
    with Store.open(tmp_path) as store:
        known = watched.completed(store, plan(environment={"OMP_NUM_THREADS": "2"}), listener)
        assert known.environment == {"OMP_NUM_THREADS": "2", "roofline": measured}
        assert watched.completed(store, known, listener) is known
        assert [one.environment for one in store.records().runs] == [known.environment]
    assert asked == [("roofline", {"device": "cuda"})]


def test_a_roofline_that_kills_its_process_is_none(monkeypatch, listener, plan, tmp_path):
    def call(task, arguments):
        raise WorkerDied("exit code -11")

    monkeypatch.setattr(gpu, "call", call)
    with Store.open(tmp_path) as store:
        known = gpu.Watched({"name": "x"}, Card()).completed(store, plan(), listener)
    assert known.environment["roofline"]["copy_gb_s"] is None
    assert "exit code -11" in known.environment["roofline"]["how"]


def test_what_cuda_tells_of_its_first_device(monkeypatch):
    first = SimpleNamespace(
        name="NVIDIA H", uuid="GPU-1", compute_capability="9.0", memory_bytes=7, driver_version="13.0"
    )
    monkeypatch.setattr(gpu.cuda, "devices", lambda: (first, None))
    assert gpu.told() == {
        "name": "NVIDIA H",
        "uuid": "GPU-1",
        "compute_capability": "9.0",
        "memory_bytes": 7,
        "cuda_driver": "13.0",
    }
    monkeypatch.setattr(gpu.cuda, "devices", lambda: ())
    assert gpu.told() == {}


MEASURED = {"copy_gb_s": 3000.0, "tflops": {"fp32": 50.0}, "how": "so", "device": "NVIDIA H"}


@pytest.fixture
def options(graph, tmp_path, monkeypatch, survey):
    """Makes options of a small run of the fake runtime on cuda; the worker's tasks are done here."""
    path = graph()
    monkeypatch.setattr(run_module, "call", lambda *_: survey)
    monkeypatch.setattr(plan_module, "call", lambda task, asked, **_: TASKS[task](**asked))
    monkeypatch.setattr(gpu, "present", lambda tree: True)
    monkeypatch.setattr(gpu, "call", lambda task, _: MEASURED if task == "roofline" else {"uuid": "GPU-1"})
    monkeypatch.setattr(gpu.nvml, "opened", lambda: nullcontext(SimpleNamespace()))
    monkeypatch.setattr(gpu, "card", lambda *_: Card(*[Reading(sm_mhz=1980, processes=((7, None),))] * 9))
    return RunOptions(
        names=(str(path),),
        output=tmp_path / "results",
        device="cuda",
        threads=1,
        launches=2,
        iterations=4,
        warmup=0,
        runtimes=("fake",),
    )


def test_a_run_on_cuda_has_the_card_its_roofline_and_the_readings(options, launcher):
    outcome = run(options, launcher=launcher())
    records = read(options.output)
    assert records.runs[-1].machine["gpu"]["name"] == "NVIDIA H"
    assert records.runs[-1].environment["roofline"] == MEASURED
    assert [one.result.witnesses["gpu_sm_mhz_after"] for one in records.launches] == [1980, 1980]
    assert "gpu_shared=1" in outcome.rows[0]["flags"]


def test_a_run_on_the_cpu_of_the_same_machine_has_none_of_it(options, launcher):
    run(replace(options, device="cpu"), launcher=launcher())
    (one,) = read(options.output).runs
    assert "gpu" not in one.machine
    assert "roofline" not in one.environment


def test_an_interrupted_run_goes_on_with_the_same_card_only(options, launcher, listener, monkeypatch):
    left = iter([LaunchResult("ok", samples_ns=(5, 5), wall_ns=10**6)])

    def stops(request, timeout, rng):
        found = next(left, None)
        if found is None:
            raise KeyboardInterrupt
        return found

    with pytest.raises(KeyboardInterrupt):
        run(options, launcher=stops)
    launch = launcher()
    started = read(options.output).runs[-1].run_id
    monkeypatch.setattr(Card, "facts", lambda _: {"name": "NVIDIA H", "uuid": "GPU-2"})
    other = run(options, listener, launcher=launch)
    assert other.run_id != started
    assert any("other gpu uuid" in note for note in listener.of("note"))


def test_earlier_launches_on_another_card_tell_nothing(options, launcher, listener, monkeypatch):
    run(options, launcher=launcher())
    assert preview(options, listener).seconds is not None
    monkeypatch.setattr(Card, "facts", lambda _: {"name": "NVIDIA L", "uuid": "GPU-3"})
    assert preview(options, listener).seconds is None
