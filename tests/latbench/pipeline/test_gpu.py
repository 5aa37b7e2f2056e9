import random
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from latbench.machine.gpu import Reading
from latbench.measure.launch import LaunchResult
from latbench.pipeline import gpu
from latbench.pipeline.child import WorkerDied
from latbench.records import Store


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
