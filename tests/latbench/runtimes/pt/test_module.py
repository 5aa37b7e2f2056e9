import numpy as np
import pytest

from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.pt import module as pt
from latbench.runtimes.pt.module import ModuleSession, build

FACTORIES = """
import torch

class Named(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)

    def forward(self, x, mask):
        return {"logits": self.conv(x), "kept": mask}

class Pair(torch.nn.Module):
    def forward(self, x):
        return x, x + 1

def broken():
    raise ValueError("no such depth")

def nothing():
    return None
"""
NAMED = Source("module", factory="tiny_modules:Named")
GIVEN = {"x": np.linspace(-1, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4), "mask": np.arange(3)}


@pytest.fixture(autouse=True)
def factories(monkeypatch, tmp_path):
    (tmp_path / "tiny_modules.py").write_text(FACTORIES)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.fixture
def opened(monkeypatch):
    """Sessions of a source under options, closed in the end; `seen` is what the module was called with."""
    sessions = []

    def opened(source=NAMED, *, channels_last=False, ready=None, **options):
        asked = SessionOptions(threads=1, **options)
        given = {"channels_last": channels_last, "cudnn_benchmark": False}
        with pt.loaded(source, asked, **given) as (module, mode, gpu):
            told = pt.facts(module, "eager", gpu, mine="kept")
            sessions.append(ModuleSession(module, mode, told, gpu, ready))
        return sessions[-1]

    yield opened
    for session in reversed(sessions):
        session.close()


def outputs(session, given=GIVEN):
    session.bind(given)
    session.run()
    return session.outputs()


def test_half_precision_keeps_the_types_outside_and_other_inputs_as_they_are(opened):
    import torch

    seen = []

    def ready(module, tensors):
        module.module.register_forward_pre_hook(lambda _, given: seen.extend(one.dtype for one in given))
        return module

    torch.manual_seed(0)
    exact = outputs(opened())
    torch.manual_seed(0)
    session = opened(precision="bf16", ready=ready)
    found = outputs(session)
    assert session.facts.precision == "bf16"
    assert seen == [torch.bfloat16, torch.int64]
    assert found["logits"].dtype == np.float32
    np.testing.assert_array_equal(found["kept"], GIVEN["mask"])
    assert 0 < np.abs(found["logits"] - exact["logits"]).max() < 0.02


def test_a_module_without_parameters_is_read_back_by_the_type_that_its_inputs_get(opened):
    session = opened(Source("module", factory="tiny_modules:Pair"), precision="fp16")
    assert session.facts.precision == "fp16"
    found = outputs(session, {"x": np.full((2, 2), 1 / 3, np.float32)})
    assert list(found) == ["output", "output_1"]
    np.testing.assert_array_equal(found["output"], np.float16(1 / 3).astype(np.float32))


def test_channels_last_lays_out_weights_and_inputs(opened):
    import torch

    strides = []

    def ready(module, tensors):
        module.module.conv.register_forward_pre_hook(lambda _, given: strides.append(given[0].stride()))
        return module

    torch.manual_seed(0)
    plain = opened()
    expected = outputs(plain)
    torch.manual_seed(0)
    session = opened(channels_last=True, ready=ready)
    assert (plain.facts.extra["channels_last"], session.facts.extra["channels_last"]) == (False, True)
    np.testing.assert_allclose(outputs(session)["logits"], expected["logits"], atol=1e-6)
    assert strides == [(48, 1, 12, 3)]


def test_what_is_called_is_made_once_from_tensors_that_hold_the_inputs(opened):
    made = []

    def ready(module, tensors):
        made.append([tensor.clone() for tensor in tensors])
        return module

    session = opened(ready=ready)
    outputs(session)
    run = session.run
    doubled = {"x": 2 * GIVEN["x"], "mask": GIVEN["mask"] + 1}
    np.testing.assert_array_equal(outputs(session, doubled)["kept"], GIVEN["mask"] + 1)
    assert session.run is run
    assert len(made) == 1
    np.testing.assert_array_equal(made[0][0].numpy(), GIVEN["x"])


def test_facts_have_what_a_runtime_adds(opened):
    facts = opened().facts
    assert (facts.provider, facts.device, facts.precision, facts.threads) == ("eager", "cpu", "fp32", 1)
    assert facts.extra["mine"] == "kept"
    assert "gpu" not in facts.extra


def test_parameters_of_several_types_are_mixed(opened):
    import torch

    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2, dtype=torch.float16))
    assert pt.facts(module, "eager", None).precision == "mixed"


def test_there_is_no_device_latency_on_the_cpu(opened):
    session = opened()
    outputs(session)
    assert session.device_ns is None


def test_inference_mode_is_left_when_the_session_cannot_be_made():
    import torch

    def fail():
        with pt.loaded(NAMED, SessionOptions(threads=1), channels_last=False, cudnn_benchmark=False):
            raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        fail()
    assert not torch.is_inference_mode_enabled()


def test_the_cpu_computes_in_fp32_alone():
    found = pt.check("pytorch", "cpu", frozenset({"cpu", "cuda"}))
    assert found.precisions == ("fp32",)
    assert "openmp" in found.offers


def test_another_device_is_refused_by_name():
    found = pt.check("torch_cudagraph", "cpu", frozenset({"cuda"}))
    assert found.reason == "the torch_cudagraph runtime measures on cuda, not on 'cpu'"
    assert found.mend == "--device cuda"


@pytest.mark.parametrize(
    ("factory", "says"),
    [
        ("torch.nn", "package.module:callable, not 'torch.nn'"),
        ("nowhere.to_be:found", "nowhere.to_be:found cannot be imported"),
        ("torch.nn:Absent", "torch.nn:Absent cannot be imported"),
        ("tiny_modules:nothing", "returned a NoneType, not an nn.Module"),
    ],
)
def test_a_bad_factory_is_named(factory, says):
    with pytest.raises(BadInput, match=says):
        build(Source("module", factory=factory))


def test_a_factory_that_raises_keeps_its_message():
    with pytest.raises(ValueError, match="no such depth"):
        build(Source("module", factory="tiny_modules:broken"))
