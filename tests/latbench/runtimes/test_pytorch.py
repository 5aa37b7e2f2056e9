import numpy as np
import pytest

from latbench import runtimes
from latbench.runtimes.base import SessionOptions, Source

FACTORIES = """
import torch

class Two(torch.nn.Module):
    def forward(self, x):
        return x, x + 1

class Named(torch.nn.Module):
    def forward(self, x):
        return {"logits": x}
"""


@pytest.fixture(autouse=True)
def factories(monkeypatch, tmp_path):
    (tmp_path / "tiny_factories.py").write_text(FACTORIES)
    monkeypatch.syspath_prepend(tmp_path)


def prepare(factory, **kwargs):
    return runtimes.get("pytorch").prepare(
        Source("module", factory=factory, kwargs=kwargs), SessionOptions(threads=1)
    )


@pytest.mark.parametrize(
    ("factory", "names"),
    [("tiny_factories:Two", ["output", "output_1"]), ("tiny_factories:Named", ["logits"])],
)
def test_outputs_are_named(factory, names):
    session = prepare(factory)
    session.bind({"image": np.ones((1, 3), np.float32)})
    session.run()
    assert list(session.outputs()) == names
    session.close()


def test_it_runs_in_eval_and_inference_mode_until_closed():
    import torch

    session = prepare("torch.nn:Dropout", p=0.9)
    session.bind({"x": np.ones((4, 4), np.float32)})
    session.run()
    np.testing.assert_array_equal(session.outputs()["output"], np.ones((4, 4)))
    assert torch.is_inference_mode_enabled()
    assert session.facts.extra["inference_mode"]
    session.close()
    assert not torch.is_inference_mode_enabled()


def test_interop_threads_are_one():
    session = prepare("torch.nn:Identity")
    assert session.facts.extra["interop_threads"] == 1
    session.close()


def test_precision_is_that_of_the_parameters():
    import torch

    session = prepare("torch.nn:Linear", in_features=2, out_features=2, dtype=torch.float16)
    assert session.facts.precision == "fp16"
    session.close()


def test_spinning_is_steered_by_environment(monkeypatch):
    variables = runtimes.get("pytorch").environment(SessionOptions(spinning=False))
    assert variables == {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    session = prepare("torch.nn:Identity")
    assert session.facts.spinning is False
    session.close()
