"""The stand-in for TensorRT that the runtime's tests compute with, against the real bindings."""

import importlib.util
import inspect
from pathlib import Path

import bindings
import pytest

FAKE = Path(__file__).parents[1] / "latbench" / "runtimes" / "faketrt.py"


@pytest.fixture(scope="module")
def faked(major):
    found = importlib.util.spec_from_file_location("faketrt", FAKE)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.faked(major)


def fault(fake, real):
    """Return what a stand-in has other than the bindings: `real` is as `bindings.everything` tells it."""
    if not isinstance(fake, inspect.Signature):
        return "is a call there" if isinstance(real, tuple) and fake != "member" else None
    if not isinstance(real, tuple):
        return "is no call there"
    names = tuple(fake.parameters)
    needed = sum(one.default is inspect.Parameter.empty for one in fake.parameters.values())
    same = [one for one in real if one.names[: len(names)] == names]
    if any(one.takes(needed) and one.takes(len(names)) for one in same):
        return None
    return f"is {fake}, there {real}"


def test_the_stand_in_has_nothing_that_its_version_lacks(faked, offered, major):
    known = dict(bindings.everything(offered))
    wrong = []
    for kind, names in faked.items():
        for name, fake in names.items():
            if (kind, name) not in known:
                wrong.append(f"{kind}.{name} is not in TensorRT {major}")
            elif said := fault(fake, known[kind, name]):
                wrong.append(f"{kind}.{name} {said}")
    assert not wrong, "\n".join(wrong)
    assert {"Builder", "OnnxParser", "Runtime", "ICudaEngine", "IExecutionContext"} <= faked.keys()
    assert ("FP16" in faked["BuilderFlag"]) is (major == 10)


def test_a_planted_breach_is_seen(offered):
    known = dict(bindings.everything(offered))
    execute = known["IExecutionContext", "execute_async_v3"]
    assert fault(inspect.signature(lambda stream_handle: None), execute) is None
    assert fault(inspect.signature(lambda stream: None), execute)
    assert fault(inspect.signature(lambda stream_handle, more: None), execute)
    assert fault(inspect.signature(lambda: None), known["ICudaEngine", "num_io_tensors"])
    assert fault("property", execute)
