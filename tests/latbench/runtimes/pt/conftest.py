import pytest

from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.pt.facts import facts
from latbench.runtimes.pt.load import loaded
from latbench.runtimes.pt.session import ModuleSession

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
        with loaded(source, asked, **given) as (module, mode, gpu):
            told = facts(module, "eager", gpu, mine="kept")
            sessions.append(ModuleSession(module, mode, told, gpu, ready))
        return sessions[-1]

    yield opened
    for session in reversed(sessions):
        session.close()
