import fcntl
import os
import signal
import subprocess
import sys
import tempfile

import pytest

from latbench.measure.scratch import PREFIX, scratch

KEPT = """
from latbench.measure.scratch import scratch
with scratch() as folder:
    (folder / "output").write_text("x")
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def aged(folder, seconds):
    now = folder.stat().st_mtime
    os.utime(folder, (now - seconds, now - seconds))


def test_a_folder_is_there_and_then_gone(temporary):
    with scratch() as folder:
        (folder / "file").write_text("x")
        assert [folder] == list(temporary.iterdir())
    assert list(temporary.iterdir()) == []


def test_what_a_kill_left_goes_with_the_next_folder_once_it_is_not_young(temporary):
    environ = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", KEPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as process:
        left = temporary / process.stdout.readline().strip()
        aged(left, 100)
        with scratch():
            assert left.exists()  # its process lives
        process.send_signal(signal.SIGKILL)
        process.wait()
    os.utime(left)
    with scratch():
        assert left.exists()  # it may be another's, about to be locked
    aged(left, 100)
    with scratch() as folder:
        assert list(temporary.iterdir()) == [folder]


def test_what_is_not_ours_stays(temporary):
    for name in ("other", "latbench-results"):
        (temporary / name).mkdir()
        aged(temporary / name, 1000)
    (temporary / "target").mkdir()
    link = temporary / f"{PREFIX}link"
    link.symlink_to(temporary / "target")
    aged(temporary / "target", 1000)
    (temporary / "target" / "file").write_text("x")
    aged(temporary / "target", 1000)
    with scratch():
        pass
    assert sorted(path.name for path in temporary.iterdir()) == sorted(
        ["other", "latbench-results", "target", link.name]
    )
    assert (temporary / "target" / "file").exists()


def test_the_lock_is_given_back(temporary):
    with scratch() as folder:
        descriptor = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
