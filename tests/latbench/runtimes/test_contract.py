"""What every runtime must do on each of its devices; a new runtime joins by a row in `CASES`."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import pytest

from exporters.parity import ParityLimits, compare
from latbench import runtimes
from latbench.runtimes.base import Arrays, Runtime, Session, SessionOptions, Source, device_latency


@dataclass
class Case:
    source: Source
    inputs: Arrays
    expected: Arrays


def onnx_case(path, given, expected):
    return Case(Source("onnx", path=str(path)), {"x": given["x"]}, expected)


def pooling_case(path, given, expected):
    x = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
    pooled = x.reshape(1, 1, 4, 2, 4, 2).mean((3, 5))
    return Case(
        Source("module", factory="torch.nn:AvgPool2d", kwargs={"kernel_size": 2}),
        {"x": x},
        {"output": pooled},
    )


def copying_case(path, given, expected):
    return Case(Source("module"), {"x": given["x"]}, {"output": given["x"]})


CASES = {
    "fake": copying_case,
    "onnxruntime": onnx_case,
    "onnxruntime_tensorrt": onnx_case,
    "openvino": onnx_case,
    "pytorch": pooling_case,
    "tensorrt": onnx_case,
    "torch_compile": pooling_case,
    "torch_cudagraph": pooling_case,
}
SLOW = {"torch_compile"}


def places():
    """Every runtime on every device that it knows: what prepares on a GPU is marked so."""
    for name, runtime in runtimes.runtimes().items():
        for device in sorted(runtime.devices):
            marks = [pytest.mark.gpu] if device == "cuda" else [pytest.mark.slow] if name in SLOW else []
            yield pytest.param((name, device), marks=marks, id=f"{name}-{device}")


@pytest.fixture(params=CASES)
def runtime(request):
    return runtimes.get(request.param)


@dataclass
class Place:
    """A runtime on a device, and what opens sessions of its case there."""

    runtime: Runtime
    device: str
    case: Case
    prepare: Callable[..., Session]


@pytest.fixture(params=places())
def place(request, tiny_model, tiny_arrays, monkeypatch, tmp_path_factory):
    name, device = request.param
    runtime, case = runtimes.get(name), CASES[name](tiny_model, *tiny_arrays)
    found = runtime.check(device)
    if device != "cpu" and not found.available:
        pytest.skip(f"{name}: {found.reason}")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "inductor"))
    opened = []

    def prepare(**options):
        asked = SessionOptions(**{"threads": 1, "device": device, **options})
        opened.append(runtime.prepare(case.source, asked))
        return opened[-1]

    yield Place(runtime, device, case, prepare)
    for session in reversed(opened):
        session.close()


def test_every_runtime_is_covered():
    assert sorted(runtimes.runtimes()) == sorted(CASES)


def test_it_accepts_the_kind_of_its_case(runtime, tiny_model, tiny_arrays):
    assert CASES[runtime.name](tiny_model, *tiny_arrays).source.kind in runtime.accepts
    assert runtime.devices
    assert runtime.devices <= {"cpu", "cuda"}


def test_every_precision_told_is_one_it_can_be_asked_for(runtime):
    assert "fp32" in runtime.precisions
    for device in runtime.devices:
        assert set(runtime.check(device).precisions) <= runtime.precisions


def test_knobs_have_defaults_that_they_would_read_themselves(runtime):
    for knob in runtime.knobs.values():
        words = {True: "on", False: "off"}
        text = words[knob.default] if isinstance(knob.default, bool) else str(knob.default)
        assert knob.read(text) == knob.default
        assert knob.about
        assert knob.devices is None or knob.devices <= runtime.devices


def test_outputs_equal_the_expected(place):
    session = place.prepare()
    session.bind(place.case.inputs)
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), place.case.expected))


def test_a_second_bind_changes_the_inputs_but_not_the_call(place):
    session = place.prepare()
    session.bind(place.case.inputs)
    session.run()
    run, before = session.run, session.outputs()
    session.bind({name: array * 2 + 1 for name, array in place.case.inputs.items()})
    session.run()
    assert session.run is run
    for name, array in session.outputs().items():
        assert not np.array_equal(array, before[name])


def test_outputs_are_copies(place):
    session = place.prepare()
    session.bind(place.case.inputs)
    session.run()
    for array in session.outputs().values():
        np.add(array, 1, out=array)
    assert ParityLimits().passes(compare(session.outputs(), place.case.expected))


def test_binding_copies_the_inputs(place):
    session = place.prepare()
    mine = {name: array.copy() for name, array in place.case.inputs.items()}
    session.bind(mine)
    for array in mine.values():
        array[...] = -7
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), place.case.expected))


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_read_back(threads, place):
    if len(os.sched_getaffinity(0)) < threads:
        pytest.skip(f"needs {threads} CPUs")
    told = place.prepare(threads=threads).facts.threads
    assert told == threads or (told is None and place.device != "cpu")


def test_facts_say_what_ran(place):
    facts = place.prepare().facts
    assert str(facts.device).partition(":")[0] == place.device
    assert (facts.precision, facts.boundary) == ("fp32", "host")
    assert facts.provider
    assert facts.version == place.runtime.check(place.device).version
    assert json.loads(json.dumps(asdict(facts))) == asdict(facts)


def test_device_latency_is_told_of_each_run_on_a_gpu_and_never_on_a_cpu(place):
    session = place.prepare()
    session.bind(place.case.inputs)
    for _ in range(4):
        session.run()
    told = device_latency(session, 3)
    assert len(told) == (0 if place.device == "cpu" else 3)
    assert all(one > 0 for one in told)


def test_spinning_off_is_asked_for_in_words_the_system_understands(runtime):
    variables = runtime.environment(SessionOptions(spinning=False))
    assert all(isinstance(text, str) for pair in variables.items() for text in pair)
    plain = runtime.environment(SessionOptions(spinning=None))
    assert plain.items() <= variables.items()
    assert not [name for name in plain if any(word in name for word in ("WAIT", "SPIN", "BLOCKTIME"))]


def test_an_unknown_device_is_unavailable_with_a_reason(runtime):
    found = runtime.check("abacus")
    assert not found.available
    assert "abacus" in found.reason
    assert found.mend
