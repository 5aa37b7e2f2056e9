import numpy as np
import pytest

from latbench import runtimes
from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.torch_cudagraph import RUNTIME

POOL = Source("module", factory="torch.nn:AvgPool2d", kwargs={"kernel_size": 2})
WAITING = """
import torch

class Waiting(torch.nn.Module):
    def forward(self, x):
        return x * x.sum().item()
"""
X = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)


def test_it_is_for_a_gpu_alone():
    found = RUNTIME.check("cpu")
    assert not found.available
    assert found.mend == "--device cuda"


def test_on_the_cpu_there_is_no_graph():
    session = RUNTIME.prepare(POOL, SessionOptions(threads=1))
    try:
        with pytest.raises(BadInput, match="needs a GPU; use --device cuda"):
            session.bind({"x": X})
    finally:
        session.close()


def test_spinning_is_steered_as_in_eager_mode():
    options = SessionOptions(spinning=False)
    assert RUNTIME.environment(options) == runtimes.get("pytorch").environment(options)


@pytest.mark.gpu
def test_a_module_that_waits_for_the_gpu_is_no_graph(monkeypatch, tmp_path):
    (tmp_path / "waiting_modules.py").write_text(WAITING)
    monkeypatch.syspath_prepend(tmp_path)
    source = Source("module", factory="waiting_modules:Waiting")
    session = RUNTIME.prepare(source, SessionOptions(device="cuda", threads=1))
    try:
        with pytest.raises(BadInput, match="cannot be captured as a CUDA graph"):
            session.bind({"x": X})
    finally:
        session.close()
