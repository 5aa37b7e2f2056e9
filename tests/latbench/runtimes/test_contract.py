"""What every runtime must do; a new runtime joins by a row in `CASES`."""

import json
import os
from dataclasses import asdict, dataclass

import numpy as np
import pytest

from exporters.parity import ParityLimits, compare
from latbench import runtimes
from latbench.runtimes.base import Arrays, SessionOptions, Source


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


CASES = {"fake": copying_case, "onnxruntime": onnx_case, "openvino": onnx_case, "pytorch": pooling_case}


@pytest.fixture(params=CASES)
def runtime(request):
    return runtimes.get(request.param)


@pytest.fixture
def case(runtime, tiny_model, tiny_arrays) -> Case:
    return CASES[runtime.name](tiny_model, *tiny_arrays)


@pytest.fixture
def prepare(runtime, case):
    opened = []

    def prepare(**options):
        opened.append(runtime.prepare(case.source, SessionOptions(**{"threads": 1, **options})))
        return opened[-1]

    yield prepare
    for session in reversed(opened):
        session.close()


def test_every_runtime_is_covered():
    assert sorted(runtimes.runtimes()) == sorted(CASES)


def test_it_accepts_the_kind_of_its_case(runtime, case):
    assert case.source.kind in runtime.accepts
    assert "cpu" in runtime.devices


def test_every_precision_told_is_one_it_can_be_asked_for(runtime):
    assert "fp32" in runtime.precisions
    assert set(runtime.check().precisions) <= runtime.precisions


def test_outputs_equal_the_expected(case, prepare):
    session = prepare()
    session.bind(case.inputs)
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), case.expected))


def test_a_second_bind_changes_the_inputs_but_not_the_call(case, prepare):
    session = prepare()
    session.bind(case.inputs)
    session.run()
    run, before = session.run, session.outputs()
    session.bind({name: array * 2 + 1 for name, array in case.inputs.items()})
    session.run()
    assert session.run is run
    for name, array in session.outputs().items():
        assert not np.array_equal(array, before[name])


def test_outputs_are_copies(case, prepare):
    session = prepare()
    session.bind(case.inputs)
    session.run()
    for array in session.outputs().values():
        np.add(array, 1, out=array)
    assert ParityLimits().passes(compare(session.outputs(), case.expected))


def test_binding_copies_the_inputs(case, prepare):
    session = prepare()
    mine = {name: array.copy() for name, array in case.inputs.items()}
    session.bind(mine)
    for array in mine.values():
        array[...] = -7
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), case.expected))


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_read_back(threads, prepare):
    if len(os.sched_getaffinity(0)) < threads:
        pytest.skip(f"needs {threads} CPUs")
    assert prepare(threads=threads).facts.threads == threads


def test_facts_say_what_ran(runtime, prepare):
    facts = prepare().facts
    assert (facts.device, facts.precision, facts.boundary) == ("cpu", "fp32", "host")
    assert facts.provider
    assert facts.version == runtime.check().version
    assert json.loads(json.dumps(asdict(facts))) == asdict(facts)


def test_spinning_off_is_asked_for_in_words_the_system_understands(runtime):
    variables = runtime.environment(SessionOptions(spinning=False))
    assert all(isinstance(text, str) for pair in variables.items() for text in pair)
    assert runtime.environment(SessionOptions(spinning=None)) == {}


def test_an_unknown_device_is_unavailable_with_a_reason(runtime):
    found = runtime.check("abacus")
    assert not found.available
    assert "abacus" in found.reason
    assert found.mend
