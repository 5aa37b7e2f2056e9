"""Results directories that cannot be used: one clear sentence, the right exit code, nothing lost."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from latbench.cli.app import invoke
from latbench.records import TABLE, Store, csvfile, read
from latbench.records.store import RECORDS


def _namespaces():
    """Tell whether this user may mount: in a namespace of its own, which vanishes with the process."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    tried = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


mounts = pytest.mark.skipif(not _namespaces(), reason="needs a user namespace in which to mount")


def mounted(run, script):
    """Run a shell script in a mount namespace, `$@` being the words of the command; return what it said."""
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-euc", script, str(run.results), *run.words],
        env=run.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def one_sentence(said):
    """Return the only line of an error, which is no traceback."""
    (line,) = [line for line in said.splitlines() if line.startswith("latbench: ")]
    assert "Traceback" not in said
    return line


FULL = """
results=$0 kept=$0.kept; mkdir -p "$results" "$kept"
mount -t tmpfs -o size=80k none "$results"
code=0; "$@" > /dev/null || code=$?
cp "$results"/*.* "$kept"; echo "code $code" >&2
mount -o remount,size=100m "$results"
code=0; "$@" > /dev/null || code=$?
mkdir "$0.after"; cp "$results"/*.* "$0.after"
echo "code $code" >&2
"""


@mounts
def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(command):
    run = command("a", launches=5, each=6000)
    said = mounted(run, FULL)
    first, _, second = said.partition("code 6\n")
    assert "No space left to write" in one_sentence(first), said
    assert "nothing recorded so far is lost" in one_sentence(first)
    assert second.endswith("code 0\n"), said
    before, after = read(f"{run.results}.kept"), read(f"{run.results}.after")
    assert 0 < len(before.launches) < 5
    assert not before.notes
    assert after.launches[: len(before.launches)] == before.launches
    assert [one.index for one in after.launches] == list(range(5))
    assert csvfile.read(f"{run.results}.kept/{TABLE}")[0]["launches"] <= len(before.launches)


READ_ONLY = """
mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"
code=0; "$@" > /dev/null || code=$?
echo "code $code" >&2
"""


@mounts
def test_a_read_only_disk_is_said_and_left_alone(command):
    run = command("a")
    assert run.go()[0] == 0
    before = {path: path.read_bytes() for path in run.results.iterdir() if path.is_file()}
    said = mounted(run, READ_ONLY)
    assert said.endswith("code 6\n"), said
    assert "Read-only file system; name a writable directory with --output." in one_sentence(said)
    assert {path: path.read_bytes() for path in run.results.iterdir() if path.is_file()} == before


NO_ROOM = """
mount -t tmpfs -o size=16k none "$TMPDIR"
code=0; "$@" > /dev/null || code=$?
echo "code $code" >&2
"""


@mounts
@pytest.mark.slow
def test_a_full_temporary_folder_ends_the_run_and_fails_no_row(command):
    run = command("a", launches=1, each=6000)
    assert run.go()[0] == 0
    said = mounted(run, NO_ROOM)
    assert said.endswith("code 6\n"), said
    assert "free space in the temporary folder, or set TMPDIR to another." in one_sentence(said)
    assert len(run.records().launches) == 1
    code, said = run.go()
    assert code == 0, said
    assert [len(run.records().runs), len(run.records().launches)] == [2, 2]  # the second was gone on with


@pytest.mark.slow
def test_records_of_a_newer_schema_are_refused_by_name_and_left_alone(command, capsys):
    run = command("a")
    assert run.go()[0] == 0
    file = run.results / RECORDS
    newer = file.read_bytes().replace(b'"schema":1', b'"schema":2')
    file.write_bytes(newer)
    table = (run.results / TABLE).read_bytes()
    code, said = run.go()
    sentence = (
        f"latbench: {file}, line 1, has schema 2 but this latbench reads up to 1: upgrade latbench, "
        "or name another directory."
    )
    assert (code, said) == (2, f"{sentence}\n")
    assert invoke(["table", str(run.results)]) == 2
    assert capsys.readouterr().err == f"{sentence}\n"
    assert (file.read_bytes(), (run.results / TABLE).read_bytes()) == (newer, table)


@pytest.mark.slow
def test_a_table_of_a_newer_schema_is_refused_by_name(command, capsys):
    run = command("a")
    assert run.go()[0] == 0
    file = run.results / TABLE
    file.write_bytes(file.read_bytes().replace(b"\n1,", b"\n2,"))
    assert invoke(["table", str(file)]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"latbench: {file}, line 2, has schema 2 but this latbench reads up to 1: upgrade latbench.\n"
    )


def test_a_torn_last_line_is_told_and_its_launch_made_again(command, capsys):
    run = command("a", launches=3)
    assert run.go()[0] == 0
    file = run.results / RECORDS
    whole = read(run.results)
    lines = file.read_bytes().splitlines(keepends=True)
    assert b'"index":2' in lines[3]
    torn = b"".join(lines[:3]) + lines[3][: len(lines[3]) // 2]
    file.write_bytes(torn)
    assert invoke(["table", str(run.results)]) == 0
    told = capsys.readouterr()
    assert f"{file}: the last line is torn" in told.err
    assert file.read_bytes() == torn  # who only reads changes nothing
    code, said = run.go()
    assert (code, "resumed: 2 of 3" in said) == (0, True), said
    after = read(run.results)
    assert after.launches[:2] == whole.launches[:2]
    assert [one.index for one in after.launches] == [0, 1, 2]
    assert [one.run_id for one in after.runs] == [whole.runs[0].run_id]


def test_a_line_that_was_spoilt_is_named_and_nothing_is_written(command):
    run = command("a", launches=2)
    assert run.go()[0] == 0
    file = run.results / RECORDS
    lines = file.read_bytes().splitlines(keepends=True)
    spoilt = b"".join([lines[0], lines[1][:-9] + b"\n", *lines[2:]])
    file.write_bytes(spoilt)
    code, said = run.go()
    assert (code, file.read_bytes()) == (2, spoilt)
    assert f"{file}, line 2, is not a record (not JSON: " in one_sentence(said)
    assert one_sentence(said).endswith(": restore the file, or delete that line.")


@pytest.mark.slow
def test_a_torn_reference_is_made_again(command):
    run = command("a")
    assert run.go()[0] == 0
    (reference,) = run.results.glob("artifacts/*.npz")
    whole = reference.read_bytes()
    reference.write_bytes(whole[: len(whole) // 2])
    forgotten = run.words.index("run") - 1
    for answer in Path(run.words[forgotten]).iterdir():
        answer.unlink()
    assert run.go()[0] == 0
    assert {row["status"] for row in run.rows().values()} == {"ok"}


@pytest.mark.slow
def test_of_two_runs_into_one_directory_the_second_gives_way_and_spoils_nothing(command):
    run = command("a", launches=4)
    with run.start() as first:
        next(line for line in first.stderr if line.startswith("Run "))
        code, said = run.go()
        first.communicate()
    assert (first.returncode, code) == (0, 6)
    assert f"{run.results} is being written by process {first.pid} on " in one_sentence(said)
    assert "wait for it to end, or name another directory with --output." in one_sentence(said)
    records = run.records()
    assert len(records.runs) == 1
    assert [one.index for one in records.launches] == [0, 1, 2, 3]


def test_a_directory_locked_by_hand_names_the_holder(command):
    run = command("a")
    with Store.open(run.results):
        code, said = run.go()
    assert code == 6
    assert f"process {os.getpid()} on " in one_sentence(said)
