import os
import shutil
from types import SimpleNamespace

import pytest

GIB = 1 << 30


@pytest.mark.parametrize(("free", "status"), [(50, "ok"), (5, "ok"), (4, "warning"), (0.5, "problem")])
def test_space_is_that_of_the_nearest_folder(asked, monkeypatch, tmp_path, free, status):
    seen = []

    def usage(folder):
        seen.append(folder)
        return SimpleNamespace(free=free * GIB)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    found = asked("disk", results=tmp_path / "not" / "yet")
    assert (found.status, found.value) == (status, f"{free:.1f} GiB free for {tmp_path / 'not' / 'yet'}")
    assert seen == [tmp_path]


def test_a_folder_that_cannot_be_written(asked, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    found = asked("disk", results=tmp_path)
    assert (found.status, found.value) == ("problem", f"{tmp_path} is not writable")
