"""What holds for every test: no example fails for being slow, and no shell setting colours the output.

Of several processes that run tests at the same time each computes with one thread.
"""

import os
import sys

import pytest
from hypothesis import settings

settings.register_profile("latbench", deadline=None)
settings.load_profile("latbench")


def pytest_runtest_setup():
    if "PYTEST_XDIST_WORKER" in os.environ and "torch" in sys.modules:
        torch = sys.modules["torch"]
        if torch.get_num_threads() != 1:  # a runtime may have set another number in the test before
            torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def plain_output(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
