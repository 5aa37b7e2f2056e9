"""What holds for every test: no example fails for being slow, and no shell setting colours the output."""

import pytest
from hypothesis import settings

settings.register_profile("latbench", deadline=None)
settings.load_profile("latbench")


@pytest.fixture(autouse=True)
def plain_output(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
