"""kill -9 at any moment: no finished launch lost, none repeated, every file can be read, the plan stays."""

import os
import random
import signal
import threading
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest

from latbench.measure.launch import LaunchResult
from latbench.pipeline.options import RunOptions
from latbench.pipeline.run import run, run_parts
from latbench.records import TABLE, csvfile, read
from latbench.records.store import RECORDS

MODELS, LAUNCHES = ("a", "b", "c"), 4


def at_once(request, timeout, rng):
    """Stand for a measuring process: the samples tell which launch it was."""
    level = rng.randrange(1000, 2000)
    return LaunchResult("ok", samples_ns=tuple(level + rng.randrange(9) for _ in range(request.iterations)))


def options(model, output, names=MODELS, **fields):
    return RunOptions(
        names=tuple(str(model(name)) for name in names),
        runtimes=("fake",),
        threads=1,
        warmup=0,
        output=output,
        **{"launches": LAUNCHES, "iterations": 3 * LAUNCHES} | fields,
    )


def fixed(model, output):
    return run(options(model, output), launcher=at_once)


def adaptive(model, output):
    asked = options(model, output, "ab", precision_target=0.25, launches=None, iterations=None)
    return run(asked, launcher=at_once)


def abba(model, output):
    pair = [options(model, output, name) for name in "ab"]
    return run_parts(pair, launcher=at_once, schedule="abba", arms=("A1", "B1"))


def order(records, run_id):
    """Return the ok launches of a run in the order recorded."""
    own = [one for one in records.launches if one.run_id == run_id and one.result.status == "ok"]
    return [(one.cell_id, one.index) for one in own]


def children(parent):
    """Return the pids of the processes that `parent` has started and not yet reaped."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


class Killer:
    """Kills `count` times at random moments, resumes with the same command, and looks at what is left."""

    def __init__(self, command, count, seed, ended):
        self.command, self.left, self.ended = command, count, ended
        self.draw = random.Random(seed)
        self.whole = b""
        self.struck = defaultdict(int)

    def go(self):
        while self.left:
            with self.command.start() as parent:
                self._pursue(parent)
                parent.communicate()
            self._look()
        while self.command.go()[0] != 0:
            self._look()
        return self._look()

    def _pursue(self, parent):
        """Strike until the parent has ended: from its start on, or once it launches."""
        if self.draw.random() < 0.75:
            next((line for line in parent.stderr if line.startswith("Run ")), None)
        while self.left and parent.poll() is None:
            moment = threading.Timer(self.draw.uniform(0, 0.6), self._strike, [parent])
            moment.start()
            moment.join()

    def _strike(self, parent):
        if parent.poll() is not None:
            return
        victim, processes = self.draw.choice(("parent", "child", "both")), children(parent.pid)
        if victim == "child" and (not processes or self._has_just_failed()):
            victim = "parent"  # a launch is tried twice: to fail twice is a row, and no fault of the recovery
        for pid in processes if victim != "parent" else []:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if victim != "child":
            parent.kill()
            parent.wait()
            assert all(map(self.ended, processes))  # no orphan measures beside the resumed run
        self.left -= 1
        self.struck[victim] += 1

    def _has_just_failed(self):
        launches = self._records().launches
        return bool(launches) and launches[-1].result.status != "ok"

    def _records(self):
        return read(self.command.results) if (self.command.results / RECORDS).exists() else read_nothing()

    def _look(self):
        """Return the records, once what was recorded before still stands and the table can be read."""
        records, content = self._records(), b""
        with suppress(FileNotFoundError):
            content = (self.command.results / RECORDS).read_bytes()
        assert content.startswith(self.whole)
        self.whole = content[: content.rfind(b"\n") + 1]
        if (self.command.results / TABLE).exists():
            csvfile.read(self.command.results / TABLE)
        return records


def read_nothing():
    from latbench.records.parse import Records

    return Records()


@pytest.fixture
def killed(command, ended):
    """Kills a command so often; returns who did and the records."""

    def killed(count, seed):
        kept = command(*MODELS, launches=LAUNCHES)
        code, said = kept.go()  # the workers' answers are remembered from here on
        assert code == 0, said
        killer = Killer(kept, count, seed, ended)
        return killer, killer.go()

    return killed


@pytest.fixture
def uninterrupted(model, tmp_path, remembered):
    """The launches of the run in the order in which they are made when nothing goes wrong."""
    outcome = fixed(model, tmp_path / "whole")
    return order(read(tmp_path / "whole"), outcome.run_id)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "seed"), [(10, 1), (100, 2)], ids=["10", "100"])
def test_kills_at_random_moments_lose_and_repeat_nothing(killed, uninterrupted, count, seed):
    assert len(uninterrupted) == len(MODELS) * LAUNCHES

    killer, records = killed(count, seed)
    assert sum(killer.struck.values()) == count
    assert not records.notes
    runs = [one.run_id for one in records.runs]
    assert len(runs) == len(set(runs))
    for run_id in runs:
        assert order(records, run_id) == uninterrupted
        closed = [(one.cell_id, one.status) for one in records.cells if one.run_id == run_id]
        assert sorted(closed) == sorted((cell, "ok") for cell in {cell for cell, _ in uninterrupted})
    every = [(one.run_id, one.cell_id, one.index, one.attempt) for one in records.launches]
    assert len(every) == len(set(every))
    failed = [one.result for one in records.launches if one.result.status != "ok"]
    assert {(one.status, one.reason) for one in failed} <= {("crashed", "ended by SIGKILL")}
    assert len(failed) <= killer.struck["child"]
    rows = csvfile.read(killer.command.results / TABLE)
    assert [(row["run_id"], row["status"]) for row in rows] == [(one, "ok") for one in runs for _ in MODELS]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_stops_the_command_stops_its_launch_and_is_told_how_to_go_on(command, ended, number):
    kept = command("stuck", misfortunes={"stuck": {"leave_helper_in_prepare": True, "hang": True}})
    with kept.start() as parent:
        next(line for line in parent.stderr if line.startswith("Run "))
        launch = first_child(parent.pid)
        parent.send_signal(number)
        _, said = parent.communicate()
    assert parent.returncode == 130, said
    assert ended(launch)
    assert f"every finished launch is kept in {kept.results}, and the same command goes on: " in said
    assert "Traceback" not in said
    assert not list(kept.results.parent.glob("tmp/latbench-*"))
    assert kept.records().launches == ()
    assert {row["status"] for row in kept.rows().values()} == {"pending"}


def first_child(parent):
    """Block until `parent` has started a process; return its pid."""
    while not (found := children(parent)):
        os.sched_yield()
    return found[0]


@pytest.fixture
def output(tmp_path, remembered, monkeypatch):
    """A results directory whose files are cut by hand, so that nothing need reach the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return tmp_path / "results"


def cuts(content, count, seed):
    """Return offsets at which to cut: around the ends of `count` lines, the last among them, and anywhere."""
    draw = random.Random(seed)
    ends = [at + 1 for at, byte in enumerate(content) if byte == 10]
    chosen = [*draw.sample(ends, min(count, len(ends))), ends[0], ends[-1]]
    beside = [at + by for at in chosen for by in (-1, 0, 1) if at + by <= len(content)]
    return sorted({0, *beside, *draw.sample(range(len(content)), count)})


@pytest.mark.parametrize("count", [2, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("go", [fixed, adaptive, abba])
def test_cut_off_after_any_byte_the_file_is_completed_as_it_was(output, model, go, count):
    first = go(model, output)
    file, table = output / RECORDS, output / TABLE
    content, whole = file.read_bytes(), read(output)
    assert len(whole.launches) >= 2 * LAUNCHES
    for cut in cuts(content, count, seed=3):
        file.write_bytes(content[:cut])
        outcome = go(model, output)
        again = read(output)
        assert file.read_bytes().startswith(content[: content.rfind(b"\n", 0, cut) + 1]), cut
        own = [one for one in again.launches if one.run_id == outcome.run_id]
        assert list(map(told, own)) == list(map(told, whole.launches)), cut
        ends = {(one.cell_id, one.status) for one in again.cells if one.run_id == outcome.run_id}
        assert ends == {(one.cell_id, one.status) for one in whole.cells}, cut
        goes_on = content.find(b"\n") <= cut < len(content) - 1  # a line whole but for its end counts
        assert (outcome.run_id == first.run_id) == goes_on, cut
        assert len(csvfile.read(table)) == len(again.runs) * len(whole.cells), cut
        assert {path.name for path in output.iterdir()} == {RECORDS, TABLE, ".lock", "artifacts"}


def told(launch):
    """Return what makes a launch the same when it is made again."""
    return launch.cell_id, launch.index, launch.attempt, launch.result
