import errno
import os
import signal
import subprocess
import sys

import pytest

from latbench.errors import BadInput, EnvironmentFault
from latbench.records.line import encode
from latbench.records.record import CellRecord, LaunchRecord
from latbench.records.store import RECORDS, Store, read

CHILD = """
import os, signal, sys
from latbench.records.record import CellRecord
from latbench.records.store import Store

def record(number):
    return CellRecord(run_id="run", cell_id=str(number), status="ok")
"""


def cell(number, **changes):
    return CellRecord(run_id="run", cell_id=str(number), status="ok", **changes)


@pytest.fixture
def child():
    """Start a Python child that runs CHILD and `code`; it is killed and reaped at the end."""
    started = []

    def start(code, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD + code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_what_is_appended_is_read_back_in_order(tmp_path, run, launch):
    directory = tmp_path / "new" / "results"
    launches = (launch(0), launch(1), launch(1, attempt=1))
    with Store.open(directory) as store:
        for record in (run(), *launches, cell(1)):
            store.append(record)
        held = store.records()
    assert held == read(directory) == read(directory / RECORDS)
    assert held.runs == (run(),)
    assert held.launches == launches
    assert held.cells == (cell(1),)
    assert held.notes == ()


def test_opening_again_appends(tmp_path):
    for number in range(3):
        with Store.open(tmp_path) as store:
            store.append(cell(number))
    assert read(tmp_path).cells == (cell(0), cell(1), cell(2))


def test_unicode_survives(tmp_path):
    odd = cell(0, reason="naïve 模型 🙂 \u2028 \udcff \x00")
    with Store.open(tmp_path / "résultats") as store:
        store.append(odd)
    assert read(tmp_path / "résultats").cells == (odd,)


def test_only_the_first_ok_launch_of_each_index_is_summarised(tmp_path, launch):
    failed = launch(0, status="crashed", reason="signal 11", samples_ns=())
    first, again, other = launch(0, attempt=1), launch(0, attempt=2, samples_ns=(1,)), launch(1)
    with Store.open(tmp_path) as store:
        for record in (other, failed, first, again):
            store.append(record)
    assert read(tmp_path).ok_launches() == {("run-1", first.cell_id): (first, other)}


@pytest.mark.parametrize("lost", range(1, len(encode(cell(2)))))
def test_a_torn_last_line_is_left_out_reported_and_cut_off(tmp_path, lost):
    file = tmp_path / RECORDS
    file.write_bytes(encode(cell(1)) + encode(cell(2))[:-lost])
    whole = lost == 1
    kept = (cell(1), cell(2)) if whole else (cell(1),)
    records = read(tmp_path)
    assert records.cells == kept
    assert [("the last line is torn" in note, str(file) in note) for note in records.notes] == (
        [] if whole else [(True, True)]
    )
    with Store.open(tmp_path) as store:
        assert store.records() == records
        store.append(cell(3))
    assert read(tmp_path).cells == (*kept, cell(3))
    assert read(tmp_path).notes == ()


def test_blocks_that_a_power_cut_left_empty_are_a_torn_line(tmp_path):
    (tmp_path / RECORDS).write_bytes(encode(cell(1)) + bytes(4096))
    assert read(tmp_path).cells == (cell(1),)
    assert "torn (4096 bytes)" in read(tmp_path).notes[0]


def test_a_writer_killed_inside_the_write_loses_only_that_record(tmp_path, child):
    code = """
store = Store.open(sys.argv[1])
store.append(record(0))
write = os.write
def half(descriptor, data):
    write(descriptor, data[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
os.write = half
store.append(record(1))
"""
    writer = child(code, tmp_path)
    assert writer.wait() == -signal.SIGKILL
    assert read(tmp_path).cells == (cell(0),)
    assert "torn" in read(tmp_path).notes[0]
    with Store.open(tmp_path) as store:
        store.append(cell(1))
    assert read(tmp_path).cells == (cell(0), cell(1))


def test_a_writer_killed_anywhere_keeps_every_record_it_acknowledged(tmp_path, child):
    code = """
store, number = Store.open(sys.argv[1]), 0
while True:
    store.append(record(number))
    print(number, flush=True)
    number += 1
"""
    writer = child(code, tmp_path)
    for _ in range(20):
        acknowledged = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    cells = read(tmp_path).cells
    assert cells == tuple(cell(number) for number in range(len(cells)))
    assert len(cells) > acknowledged


def _after(real, given, error, short):
    """Return an `os.write` that writes the first `given` bytes of a line, then fails (or truly fills up)."""

    def write(descriptor, data):
        if short and len(data) > given:
            return real(descriptor, data[:given])
        raise OSError(error, os.strerror(error))

    return write


@pytest.mark.parametrize("given", [0, 1, 30, len(encode(cell(1))) - 1])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_loses_nothing_recorded_before(tmp_path, monkeypatch, given, error):
    with Store.open(tmp_path) as store:
        store.append(cell(0))
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", _after(os.write, given, error, short=given > 0))
            with pytest.raises(EnvironmentFault, match=r"No space left to write .*records\.jsonl: free some"):
                store.append(cell(1))
        assert (tmp_path / RECORDS).read_bytes() == encode(cell(0))
        assert store.records().cells == (cell(0),)
        store.append(cell(2))
    assert read(tmp_path).cells == (cell(0), cell(2))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_the_kernel_saying_full_is_understood(tmp_path, monkeypatch):
    real = os.write
    with Store.open(tmp_path) as store, open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", lambda _, data: real(full.fileno(), data))
            with pytest.raises(EnvironmentFault, match="No space left"):
                store.append(cell(0))
        assert store.records().cells == ()


def test_a_file_size_limit_cuts_the_record_off_for_real(tmp_path, child):
    with Store.open(tmp_path) as store:
        store.append(cell(0))
    code = """
import resource
from latbench.errors import EnvironmentFault
size = os.path.getsize(os.path.join(sys.argv[1], "records.jsonl"))
with Store.open(sys.argv[1]) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, size + 20))
    try:
        store.append(record(1))
    except EnvironmentFault as fault:
        print(fault)
"""
    output, _ = child(code, tmp_path).communicate()
    assert b"File too large" in output
    assert (tmp_path / RECORDS).read_bytes() == encode(cell(0))


def test_a_failed_flush_counts_as_not_written(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "full")

    with Store.open(tmp_path) as store:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(EnvironmentFault, match="No space left"):
                store.append(cell(0))
        store.append(cell(1))
    assert read(tmp_path).cells == (cell(1),)


def test_a_torn_line_that_cannot_be_cut_at_once_is_cut_by_the_next_append(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "broken")

    with Store.open(tmp_path) as store:
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", _after(os.write, 10, errno.EIO, short=True))
            patched.setattr(os, "ftruncate", refuse)
            with pytest.raises(EnvironmentFault, match="Cannot write"):
                store.append(cell(0))
        assert read(tmp_path).notes
        store.append(cell(1))
    assert read(tmp_path).cells == (cell(1),)
    assert not read(tmp_path).notes


def test_an_interrupt_inside_the_write_leaves_no_torn_line(tmp_path, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    with Store.open(tmp_path) as store:
        monkeypatch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.append(cell(0))
    assert (tmp_path / RECORDS).read_bytes() == b""


@pytest.mark.parametrize("error", [errno.EACCES, errno.EROFS])
def test_a_read_only_directory_is_said(tmp_path, monkeypatch, error):
    def refuse(path, *_):
        raise OSError(error, os.strerror(error), str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(EnvironmentFault) as caught:
        Store.open(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert os.strerror(error) in str(caught.value)
    assert "--output" in str(caught.value)


def test_a_path_below_a_file_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match=r"Cannot write .*file/results: .*--output"):
        Store.open(tmp_path / "file" / "results")
    with pytest.raises(EnvironmentFault, match=r"Cannot write .*file: .*--output"):
        Store.open(tmp_path / "file")


def test_a_second_writer_is_told_who_holds_the_directory(tmp_path, child):
    code = """
with Store.open(sys.argv[1]) as store:
    print("open", flush=True)
    sys.stdin.read()
"""
    holder = child(code, tmp_path)
    assert holder.stdout.readline() == b"open\n"
    with pytest.raises(
        EnvironmentFault, match=rf"being written by process {holder.pid} on \S+ since 2\S+: wait"
    ):
        Store.open(tmp_path)
    assert read(tmp_path).cells == ()
    holder.kill()
    holder.wait()
    assert str(holder.pid) in (tmp_path / ".lock").read_text()
    with Store.open(tmp_path) as store:
        store.append(cell(0))
    assert read(tmp_path).cells == (cell(0),)


def test_the_lock_is_not_kept_by_a_child_that_outlives_the_store(tmp_path, child):
    store = Store.open(tmp_path)
    survivor = child("sys.stdin.read()")
    store.close()
    with Store.open(tmp_path):
        assert survivor.poll() is None


def test_a_lock_file_that_names_nobody_still_locks(tmp_path):
    with Store.open(tmp_path):
        (tmp_path / ".lock").write_text("not json")
        with pytest.raises(EnvironmentFault, match="being written by another process"):
            Store.open(tmp_path)


def test_a_failed_open_gives_the_lock_back(tmp_path):
    (tmp_path / RECORDS).write_bytes(b"junk\n")
    for _ in range(2):
        with pytest.raises(BadInput, match=r"records\.jsonl, line 1, is not a record"):
            Store.open(tmp_path)
    (tmp_path / RECORDS).write_bytes(b"")
    Store.open(tmp_path).close()


def test_a_newer_schema_is_refused_and_left_alone(tmp_path):
    newer = encode(cell(1)).replace(b'"schema":1', b'"schema":2')
    (tmp_path / RECORDS).write_bytes(encode(cell(0)) + newer)
    for attempt in (read, Store.open):
        with pytest.raises(BadInput, match=r"line 2, has schema 2 .* reads up to 1: upgrade latbench"):
            attempt(tmp_path)
    assert (tmp_path / RECORDS).read_bytes() == encode(cell(0)) + newer


def test_a_corrupt_line_is_named_by_file_and_number(tmp_path, launch):
    (tmp_path / RECORDS).write_bytes(encode(launch()) + b'{"schema":1,\n' + encode(cell(1)))
    with pytest.raises(BadInput, match=r"records\.jsonl, line 2, is not a record \(not JSON: .*\): restore"):
        read(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"There is no .*records\.jsonl"):
        read(tmp_path)
    with pytest.raises(BadInput, match="There is no"):
        read(tmp_path / "nowhere")


def test_records_grow_with_the_store(tmp_path, launch):
    with Store.open(tmp_path) as store:
        before = store.records()
        store.append(launch())
        assert before.launches == ()
        assert [type(record) for record in store.records().launches] == [LaunchRecord]


def test_a_disk_full_from_the_start_is_said_before_anything_is_measured(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(EnvironmentFault, match=r"No space left to write .*\.lock"):
            Store.open(tmp_path)
    Store.open(tmp_path).close()


def test_a_records_file_that_cannot_be_opened_or_flushed_is_said(tmp_path, monkeypatch):
    def refuse(_):
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(EnvironmentFault, match=r"Cannot write .*records\.jsonl: broken"):
            Store.open(tmp_path)
    (tmp_path / RECORDS).unlink()
    (tmp_path / RECORDS).mkdir()
    with pytest.raises(EnvironmentFault, match=r"Cannot write .*records\.jsonl: Is a directory"):
        Store.open(tmp_path)
    with pytest.raises(BadInput, match=r"Cannot read .*records\.jsonl: Is a directory"):
        read(tmp_path)


def test_closing_twice_is_harmless(tmp_path):
    store = Store.open(tmp_path)
    store.close()
    store.close()
    Store.open(tmp_path).close()
