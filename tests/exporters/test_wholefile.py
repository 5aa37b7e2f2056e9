import errno
import os
import signal
import subprocess
import sys
import threading

import pytest

from exporters import wholefile


def test_files_are_written_whole_and_replace_older_ones(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"old and long")
    wholefile.write_together({a: b"new", b: b"other"})
    assert (a.read_bytes(), b.read_bytes()) == (b"new", b"other")
    wholefile.write(b, b"third")
    assert b.read_bytes() == b"third"
    assert sorted(tmp_path.iterdir()) == [a, b]


def test_the_mask_of_the_user_decides_who_may_read(tmp_path):
    kept = os.umask(0o027)
    try:
        wholefile.write(tmp_path / "a", b"x")
    finally:
        os.umask(kept)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_write_that_the_system_cuts_short_goes_on(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    wholefile.write(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("call", ["open", "ftruncate", "write", "fsync"])
@pytest.mark.parametrize("file", [0, 1])
def test_when_one_file_cannot_be_written_none_is(tmp_path, monkeypatch, call, file, fault):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"old")
    kept, calls = getattr(os, call), []

    def full(*arguments):
        calls.append(arguments)
        if len(calls) == file + 1:
            raise fault
        return kept(*arguments)

    monkeypatch.setattr(os, call, full)
    with pytest.raises(type(fault)):
        wholefile.write_together({a: b"new", b: b"other"})
    monkeypatch.undo()
    assert a.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [a]


def test_when_one_cannot_be_made_visible_no_litter_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "full").touch()
    with pytest.raises(OSError, match="folder"):
        wholefile.write_together({tmp_path / "folder": b"x"})
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


KILLED = """
import os, signal, sys
from pathlib import Path
from exporters import wholefile
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
wholefile.write(Path(sys.argv[1]), b"x" * 100_000)
"""


def test_what_a_kill_leaves_behind_is_used_again(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", KILLED, str(path)], env=environ, check=False)
        assert done.returncode == -signal.SIGKILL
        assert path.read_bytes() == b"old"
        assert sorted(one.name for one in tmp_path.iterdir()) == [".a.partial", "a"]
    wholefile.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_writers_of_one_file_take_turns(tmp_path):
    path, contents = tmp_path / "a", [bytes([65 + at]) * 50_000 for at in range(8)]
    seen, writers = set(), []

    def write(content):
        for _ in range(20):
            wholefile.write(path, content)
            seen.add(path.read_bytes())

    for content in contents:
        writers.append(threading.Thread(target=write, args=(content,)))
        writers[-1].start()
    for writer in writers:
        writer.join()
    assert seen <= set(contents)
    assert list(tmp_path.iterdir()) == [path]


def test_without_locks_it_still_writes(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    wholefile.write(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"
