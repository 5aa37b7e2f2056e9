import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from latbench.errors import BadInput, EnvironmentFault
from latbench.measure.launch import LaunchResult
from latbench.pipeline import plan
from latbench.pipeline import run as module
from latbench.pipeline.child import WorkerDied
from latbench.pipeline.options import RunOptions
from latbench.pipeline.run import run, run_parts
from latbench.pipeline.worker import TASKS
from latbench.records import TABLE, Store, csvfile, read


@pytest.fixture
def options(graph, tmp_path, monkeypatch, survey):
    """Makes options of small runs of the fake runtime on an identity graph; nothing but launches takes one.

    Worker's tasks are done in this process, but for the survey, which is known.
    """
    path = graph()
    monkeypatch.setattr(module, "call", lambda *_: survey)
    monkeypatch.setattr(plan, "call", lambda task, asked, **_: TASKS[task](**asked))

    def make(**fields) -> RunOptions:
        small = {"threads": 1, "launches": 2, "iterations": 4, "warmup": 0, "runtimes": ("fake",)}
        return RunOptions(**{"names": (str(path),), "output": tmp_path / "results"} | small | fields)

    return make


def test_a_run_leaves_records_rows_and_a_csv(options, launcher, listener):
    outcome = run(options(), listener, ("latbench", "run"), launcher())
    (row,) = outcome.rows
    assert (row["status"], row["launches"], row["command"]) == ("ok", 2, "latbench run")
    assert csvfile.read(outcome.table)[0]["run_id"] == outcome.run_id
    assert listener.of("preparing") == [f"{row['model']}: computing its reference outputs"]
    assert listener.overview.untold == (row["model"],)
    assert listener.overview.seconds is None


def test_a_complete_run_is_followed_by_a_new_one_that_knows_how_long_it_took(options, launcher, listener):
    first = run(options(), launcher=launcher())
    second = run(options(), listener, launcher=launcher())
    assert first.run_id != second.run_id
    assert "earlier launches" in listener.overview.basis
    assert len(read(first.table.parent).launches) == 4


def stopped(options, after):
    left = iter(range(after))

    def launch(request, timeout, rng):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return LaunchResult("ok", samples_ns=(5, 5), wall_ns=10**6)

    with pytest.raises(KeyboardInterrupt):
        run(options, launcher=launch)
    return read(options.output).runs[-1].run_id


def test_the_same_command_goes_on_with_an_interrupted_run(options, launcher, listener):
    started = stopped(options(), after=1)
    launch = launcher()
    outcome = run(options(), listener, launcher=launch)
    assert outcome.run_id == started
    assert len(launch.requests) == 1
    assert listener.of("started") == ["1/2"]


@pytest.mark.parametrize(
    "changed", [{"iterations": 6}, {"warmup": 3}, {"seed": 1}, {"threads": 2}, {"fresh": True}]
)
def test_another_plan_is_another_run(options, launcher, listener, changed):
    started = stopped(options(), after=1)
    outcome = run(options(**changed), listener, launcher=launcher())
    assert outcome.run_id != started
    assert outcome.rows[0]["launches"] == 2
    notes = [note for note in listener.of("note") if "planned differently" in note]
    assert bool(notes) == (changed != {"fresh": True})
    statuses = [row["status"] for row in csvfile.read(outcome.table)]
    assert statuses == ["pending", "ok"]


def test_more_threads_than_cpus_turn_spinning_off_and_say_so(options, launcher, listener):
    outcome = run(options(threads=4096), listener, launcher=launcher())
    assert "--threads 4096 exceeds the" in listener.of("note")[0]
    assert outcome.rows[0]["spinning"] is False
    assert "oversubscribed=4096>" in outcome.rows[0]["flags"]


def test_spinning_asked_for_stays(options, launcher):
    assert run(options(threads=4096, spinning="on"), launcher=launcher()).rows[0]["spinning"] is True


def test_parts_are_measured_in_one_run_and_arms_keep_same_cells_apart(options, launcher, listener):
    parts = (options(), options(threads=2), options())
    outcome = run_parts(parts, listener, (), launcher(), arms=(None, None, "again"))
    assert [(row["threads_requested"], row["arm"]) for row in outcome.rows] == [
        (1, None),
        (2, None),
        (1, "again"),
    ]
    assert len({row["cell_id"] for row in outcome.rows}) == 3
    assert listener.overview.threads == (1, 2)
    assert len(listener.of("preparing")) == 1


def test_a_comparison_of_parts_goes_on_after_an_interruption(options, launcher):
    parts, left = (options(), options(threads=2)), iter(range(2))

    def launch(request, timeout, rng):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return LaunchResult("ok", samples_ns=(5, 5))

    with pytest.raises(KeyboardInterrupt):
        run_parts(parts, launcher=launch, schedule="abba")
    again = launcher()
    outcome = run_parts(parts, launcher=again, schedule="abba")
    assert len(again.requests) == 2
    assert [row["schedule"] for row in outcome.rows] == ["abba"] * 2
    assert [one.index for one in read(outcome.table.parent).launches] == [0, 0, 1, 1]


def test_parts_that_share_too_little_are_refused(options):
    with pytest.raises(ValueError, match="differ in seed"):
        run_parts((options(), options(seed=1)))


def test_the_same_cell_twice_is_refused(options, launcher):
    with pytest.raises(BadInput, match="asked for twice with the same settings"):
        run_parts((options(), options()), launcher=launcher())


def test_a_run_that_stops_by_itself_is_no_comparison(options):
    chosen = options(iterations=None, launches=8, precision_target=0.01)
    with pytest.raises(ValueError, match="cannot be scheduled as abba"):
        run_parts((chosen, chosen), schedule="abba")


def adaptive(options, **fields):
    return options(**{"iterations": None, "launches": 20, "precision_target": 0.01, "warmup": 0} | fields)


def test_a_precision_is_reached_and_the_row_tells_how(options, launcher, listener):
    launch = launcher(LaunchResult("ok", samples_ns=(10**6,) * 30, wall_ns=10**9))
    (row,) = run(adaptive(options), listener, launcher=launch).rows
    assert (row["status"], row["protocol"], row["launches"]) == ("ok", "adaptive", 5)
    assert (row["precision_target_percent"], row["looks"], row["time_limit_s"]) == (1.0, "5/10/20", 300.0)
    assert (row["launches_requested"], row["iterations_requested"]) == (20, None)
    assert listener.overview.looks == (5, 10, 20)
    assert len(listener.of("decided")) == 1
    assert listener.of("decided")[0].startswith("pilot of 5 launches: ± 0 %")


def test_a_precision_that_is_not_reached_keeps_its_samples_and_interval(options, launcher):
    results = [LaunchResult("ok", samples_ns=(level * 10**6,) * 30, wall_ns=10**9) for level in (1, 2) * 20]
    (row,) = run(adaptive(options), launcher=launcher(*results)).rows
    assert (row["status"], row["launches"]) == ("not_converged", 20)
    assert f"± {row['latency_ci95_half_percent']:.2g} % after 20 launches" in row["reason"]
    assert row["latency_ci95_low_ms"] < row["latency_ms"] < row["latency_ci95_high_ms"]


@pytest.mark.parametrize("stop", [1, 5, *(pytest.param(stop, marks=pytest.mark.slow) for stop in (0, 4, 7))])
def test_an_adaptive_run_that_was_stopped_ends_as_if_it_had_not_been(options, stop):
    def launcher(asked, until=None):
        def launch(request, timeout, rng):
            if len(asked) == until:
                raise KeyboardInterrupt
            asked.append(request.iterations)
            samples = (int(10**7 * (1 + rng.random())),) * request.iterations
            return LaunchResult("ok", samples_ns=samples, wall_ns=3 * 10**9)

        return launch

    chosen, asked, whole = adaptive(options, launches=10), [], []
    with pytest.raises(KeyboardInterrupt):
        run(chosen, launcher=launcher(asked, stop))
    (resumed,) = run(chosen, launcher=launcher(asked)).rows
    (other,) = run(replace(chosen, output=chosen.output / "whole"), launcher=launcher(whole)).rows
    assert asked == whole
    same = ("status", "reason", "latency_ms", "latency_ci95_low_ms", "launches", "iterations", "cell_id")
    assert [resumed[name] for name in same] == [other[name] for name in same]
    assert other["status"] == "not_converged"


def test_a_directory_in_use_is_refused_with_its_holder(options, launcher):
    chosen = options()
    with Store.open(chosen.output), pytest.raises(EnvironmentFault, match=f"process {os.getpid()}"):
        run(chosen, launcher=launcher())


def test_names_are_checked_before_the_directory_is_made(options):
    chosen = options(names=("no_such_model",))
    with pytest.raises(BadInput):
        run(chosen)
    assert not chosen.output.exists()


def test_no_runtime_at_all_is_an_environment_fault(options, survey):
    gone = {"available": False, "reason": "fake is not installed", "mend": "install it"}
    survey["available"] = {"fake": gone}
    with pytest.raises(EnvironmentFault, match="fake is not installed; mend: install it"):
        run(options())
    assert read(options().output).runs == ()


def test_a_runtime_whose_import_kills_is_an_environment_fault(options, monkeypatch):
    def call(*_):
        raise WorkerDied("exit code -11")

    monkeypatch.setattr(module, "call", call)
    with pytest.raises(EnvironmentFault, match="A process that imports fake died"):
        run(options())


@pytest.mark.slow
def test_kill_9_of_the_parent_loses_no_finished_launch_and_repeats_none(graph, tmp_path):
    """A real parent with real launches is killed in the middle; the same command then completes the run."""
    import latbench

    words = ["run", str(graph()), "--runtime", "fake", "--threads", "1", "--launches", "6", "--warmup", "2"]
    command = [
        sys.executable,
        "-m",
        "latbench",
        *words,
        "--iterations",
        "60",
        "--output",
        str(tmp_path / "r"),
    ]
    environ = {**os.environ, "PYTHONPATH": str(Path(latbench.__file__).parents[1])}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as parent:
        for line in parent.stderr:
            if line.startswith("3 of 6 launches"):
                parent.send_signal(signal.SIGKILL)
                break
    before = read(tmp_path / "r")
    assert 3 <= len(before.launches) < 6
    again = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert again.returncode == 0, again.stderr
    assert f"Run {before.runs[0].run_id}, resumed: {len(before.launches)} of 6" in again.stderr
    after = read(tmp_path / "r")
    assert after.launches[: len(before.launches)] == before.launches
    assert [one.index for one in after.launches] == list(range(6))
    (row,) = csvfile.read(tmp_path / "r" / TABLE)
    assert (row["status"], row["launches"], row["iterations"]) == ("ok", 6, 60)


def test_of_two_parents_at_once_the_second_gives_way(graph, tmp_path):
    import latbench

    with Store.open(tmp_path / "r"):
        words = ["run", str(graph()), "--runtime", "fake", "--output", str(tmp_path / "r")]
        environ = {**os.environ, "PYTHONPATH": str(Path(latbench.__file__).parents[1])}
        second = subprocess.run(
            [sys.executable, "-m", "latbench", *words],
            capture_output=True,
            text=True,
            env=environ,
            check=False,
        )
    assert second.returncode == 6
    assert second.stderr.startswith("latbench: ")
    assert second.stderr.count("\n") == 1
    assert f"process {os.getpid()}" in second.stderr


@pytest.mark.slow
def test_a_zoo_model_from_export_to_rows_on_real_runtimes(tmp_path, listener):
    options = RunOptions(
        names=("efficientmod_xxs",),
        threads=1,
        launches=2,
        iterations=6,
        warmup=2,
        resolution=64,
        output=tmp_path,
        target="fastest",
    )
    outcome = run(options, listener)
    assert [row["status"] for row in outcome.rows] == ["ok"] * 3
    assert {row["target"] for row in outcome.rows} == {"onnxruntime", "openvino", "eager"}
    assert len({row["input_sha256"] for row in outcome.rows}) == 1
    assert len({row["macs"] for row in outcome.rows} - {None}) == 1
    assert all(row["parity_max_rel"] < 1e-4 for row in outcome.rows)
    assert all(row["reason"] is None for row in outcome.rows)
    again = type(listener)()
    run(options, again)
    assert again.of("preparing") == []
    assert again.overview.exports == 0


def test_a_preview_tells_the_plan_and_leaves_nothing(options, listener, graph):
    from latbench.pipeline.run import preview

    asked = options(names=(str(graph()), str(graph(name="other.onnx"))), jobs=3)
    told = preview(asked, listener)
    assert (told.cells, told.exports, told.jobs, dict(told.refused)) == (2, 0, 3, {})
    assert not asked.output.exists()
    assert listener.heard == []


def test_a_preview_knows_what_earlier_launches_took(options, launcher):
    from latbench.pipeline.run import preview

    run(options(), launcher=launcher())
    before = sorted(path.name for path in options().output.iterdir())
    assert "earlier launches" in preview(options()).basis
    assert sorted(path.name for path in options().output.iterdir()) == before


def test_the_record_names_the_versions_of_what_models_come_from(options, launcher, monkeypatch):
    monkeypatch.setattr(module, "packages_of", lambda cells: {"timm": "9"})
    assert "timm=9" in run(options(), launcher=launcher()).rows[0]["versions"]


def test_one_model_is_exported_alone_and_several_as_the_machine_allows(options, monkeypatch, graph):
    monkeypatch.setattr(module, "default_jobs", lambda: 2)
    one, two = options(), options(names=(str(graph()), str(graph(name="other.onnx"))))
    found = [module.preview(asked).jobs for asked in (one, two, options(jobs=5))]
    assert found == [1, 2, 5]
