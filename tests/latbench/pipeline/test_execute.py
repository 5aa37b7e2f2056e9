import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.errors import EnvironmentFault
from latbench.measure.launch import LaunchResult
from latbench.pipeline.estimate import MATRIX, Cost, Forecast
from latbench.pipeline.execute import LEAST_TIMEOUT_S, UNTOLD_TIMEOUT_S, Execution, Verdict, groups
from latbench.records import TABLE, CellPlan, Store, csvfile, read


def plain(model: str, runtime: str = "fake") -> CellPlan:
    return CellPlan(model=model, runtime=runtime, input_shape="1", target="eager", source={"kind": "module"})


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xyz")), unique=True))
def test_groups_keep_models_whole_and_cells_once(pairs):
    cells = [plain(model, runtime) for model, runtime in pairs]
    found = groups(cells, most=4)
    assert sorted(map(str, cells)) == sorted(str(cell) for group in found for cell in group)
    assert all(len(group) <= 4 for group in found)
    homes = {(cell.model, at) for at, group in enumerate(found) for cell in group}
    assert len(homes) == len({model for model, _ in homes})


def test_a_model_of_many_cells_is_a_group_of_its_own():
    assert [len(group) for group in groups([plain("a", str(n)) for n in range(5)] + [plain("b")], 4)] == [
        5,
        1,
    ]


def go(folder, run, launcher, listener=None, verdicts=None, *, timeout=None, costs=None):
    with Store.open(folder) as store:
        if run.run_id not in {one.run_id for one in store.records().runs}:
            store.append(run)
        forecast = Forecast(costs or {}, 2)
        return Execution(store, run, forecast, watch=listener, timeout=timeout, launcher=launcher).go(
            verdicts
        )


def test_every_cell_is_launched_once_per_block_and_becomes_a_row(tmp_path, cell, plan, launcher, listener):
    run = plan(*(cell(model) for model in "abc"), launches=4, iterations=8)
    launch = launcher()
    found = go(tmp_path, run, launch, listener)
    assert [row["status"] for row in found] == ["ok"] * 3
    assert [row["iterations"] for row in found] == [8] * 3
    models = listener.of("launching")
    assert [sorted(models[at : at + 3]) for at in range(0, 12, 3)] == [["a", "b", "c"]] * 4
    assert models != ["a", "b", "c"] * 4
    assert listener.of("block") == ["3/12", "6/12", "9/12", "12/12"]
    assert launch.requests[0].iterations == 2


def test_the_csv_holds_every_row_after_each_launch(tmp_path, cell, plan, launcher):
    seen = []

    def watched(request, timeout, rng):
        seen.append([row["status"] for row in csvfile.read(tmp_path / TABLE)])
        return launcher()(request, timeout, rng)

    go(tmp_path, plan(cell("a"), cell("b")), watched)
    assert seen[0] == ["pending", "pending"]
    assert sorted(seen[-1]) == ["ok", "pending"]


def test_a_failing_launch_is_tried_once_more_and_other_cells_go_on(tmp_path, cell, plan, listener):
    def launch(request, timeout, rng):
        broken = request.source.kwargs.get("broken")
        return (
            LaunchResult("crashed", "ended by SIGSEGV") if broken else LaunchResult("ok", samples_ns=(5, 5))
        )

    run = plan(cell("bad", kwargs={"broken": 1}), cell("good"), launches=3, iterations=6)
    bad, good = go(tmp_path, run, launch, listener)
    assert (bad["status"], good["status"]) == ("crashed", "ok")
    assert "SIGSEGV" in bad["reason"]
    assert "tried 2 times" in bad["reason"]
    assert listener.of("launching").count("bad") == 2
    attempts = [(one.index, one.attempt) for one in read(tmp_path).launches if one.result.status != "ok"]
    assert attempts == [(0, 0), (0, 1)]


def test_a_second_attempt_that_works_counts(tmp_path, cell, plan, launcher):
    launch = launcher(LaunchResult("timeout", "late"), LaunchResult("ok", samples_ns=(5, 5)))
    (row,) = go(tmp_path, plan(cell()), launch)
    assert (row["status"], row["launches"]) == ("ok", 2)


def test_verdicts_close_cells_without_a_launch(tmp_path, cell, plan, launcher, listener):
    skipped = cell("s", runtime="none")
    verdicts = {skipped.cell_id: Verdict("skipped", "not installed")}
    found = go(tmp_path, plan(skipped, cell()), launcher(), listener, verdicts)
    assert [(row["status"], row["reason"]) for row in found] == [("skipped", "not installed"), ("ok", None)]
    assert listener.of("started") == ["0/2"]


@pytest.mark.parametrize("stop", range(6))
def test_an_interrupted_run_goes_on_with_the_same_schedule(tmp_path, cell, plan, launcher, stop):
    run = plan(*(cell(model) for model in "abc"))
    order, left = [], iter(range(stop))

    def launch(request, timeout, rng):
        if next(left, None) is None and not order[stop:] and len(order) == stop:
            order.append(None)
            raise KeyboardInterrupt
        order.append((request.source, rng.random()))
        return launcher()(request, timeout, rng)

    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, run, launch)
    go(tmp_path, run, launch)
    uninterrupted = []
    go(
        tmp_path / "whole",
        run,
        lambda request, timeout, rng: (
            uninterrupted.append((request.source, rng.random())) or launcher()(request, timeout, rng)
        ),
    )
    assert [one for one in order if one] == uninterrupted
    launches = [(one.cell_id, one.index) for one in read(tmp_path).launches]
    assert len(launches) == len(set(launches)) == 6


def test_a_cell_whose_end_was_not_written_is_closed_when_resumed(tmp_path, cell, plan, launcher):
    run = plan(cell())
    go(tmp_path, run, launcher())
    lines = (tmp_path / "records.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "records.jsonl").write_bytes(b"".join(lines[:-1]))
    launch = launcher()
    (row,) = go(tmp_path, run, launch)
    assert row["status"] == "ok"
    assert launch.requests == []


def test_failed_attempts_are_remembered_over_an_interruption(tmp_path, cell, plan, launcher):
    def launch(request, timeout, rng):
        if read(tmp_path).launches:
            raise KeyboardInterrupt
        return LaunchResult("failed", "no such operator")

    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, plan(cell()), launch)
    again = launcher(LaunchResult("failed", "no such operator"))
    (row,) = go(tmp_path, plan(cell()), again)
    assert row["status"] == "failed"
    assert len(again.requests) == 1


def test_patience_follows_the_estimate_unless_given(tmp_path, cell, plan, launcher):
    one = cell()
    cases = {
        (7.0, None): 7.0,
        (None, None): UNTOLD_TIMEOUT_S,
        (None, 1.0): LEAST_TIMEOUT_S,
        (None, 1000.0): 10_000.0,
    }
    for at, ((timeout, cost), expected) in enumerate(cases.items()):
        launch = launcher()
        costs = {one.cell_id: cost and Cost(cost, 0, MATRIX)}
        go(tmp_path / str(at), plan(one), launch, timeout=timeout, costs=costs)
        assert launch.timeouts[0] == expected


def test_paths_inside_the_results_directory_are_found_from_anywhere(tmp_path, plan, launcher):
    source = {"kind": "onnx", "path": "artifacts/m.onnx", "factory": None, "kwargs": {}}
    one = CellPlan(
        model="m",
        runtime="fake",
        input_shape="1",
        target="portable",
        source=source,
        reference="artifacts/m.npz",
    )
    launch = launcher()
    go(tmp_path, plan(one), launch)
    assert launch.requests[0].source.path == str(tmp_path / "artifacts/m.onnx")
    assert launch.requests[0].reference == str(tmp_path / "artifacts/m.npz")


def test_a_full_disk_ends_the_run_and_keeps_what_was_recorded(tmp_path, cell, plan, launcher, monkeypatch):
    def full(descriptor, data):
        if b'"kind":"launch"' in data and b'"index":1' in data:
            raise OSError(28, "No space left on device")
        return write(descriptor, data)

    from latbench.records import store

    write = store._write
    monkeypatch.setattr(store, "_write", full)
    with pytest.raises(EnvironmentFault, match="No space left"):
        go(tmp_path, plan(cell()), launcher())
    monkeypatch.undo()
    launch = launcher()
    (row,) = go(tmp_path, plan(cell()), launch)
    assert row["status"] == "ok"
    assert len(launch.requests) == 1


def test_real_launches_of_the_fake_runtime(tmp_path, cell, plan):
    from latbench.measure.spawn import launch

    run = plan(cell("good"), cell("bad", kwargs={"kill_in_prepare": 9}), launches=1, iterations=3)
    good, bad = go(tmp_path, run, launch, timeout=60)
    assert (good["status"], good["iterations"]) == ("ok", 3)
    assert bad["status"] == "crashed"
    assert "SIGKILL" in bad["reason"]


def test_each_launch_draws_its_own_environment(tmp_path, cell, plan, launcher):
    drawn = []

    def launch(request, timeout, rng: random.Random):
        drawn.append(rng.random())
        return launcher()(request, timeout, rng)

    go(tmp_path, plan(cell("a"), cell("b")), launch)
    assert len(set(drawn)) == 4


def test_a_comparison_launches_its_pairs_there_and_back(tmp_path, cell, plan, launcher, listener):
    run = plan(*(cell(model) for model in "abcd"), launches=4, iterations=8, schedule="abba")
    found = go(tmp_path, run, launcher(), listener)
    assert [row["launches"] for row in found] == [4] * 4
    models = listener.of("launching")
    quartets = [models[at : at + 4] for at in range(0, 16, 4)]
    assert all((one[0], one[1]) == (one[3], one[2]) for one in quartets)
    assert {frozenset(one) for one in quartets} == {frozenset("ab"), frozenset("cd")}
    assert listener.of("block") == ["8/16", "16/16"]


def test_a_cell_whose_partner_failed_is_not_measured_on(tmp_path, cell, plan, listener):
    def launch(request, timeout, rng):
        if request.source.kwargs:
            return LaunchResult("crashed", "SIGSEGV")
        return LaunchResult("ok", samples_ns=(5, 5))

    pairs = (cell("a"), cell("b", kwargs={"broken": 1}), cell("c"), cell("d"))
    found = go(tmp_path, plan(*pairs, launches=6, iterations=12, schedule="abba"), launch, listener)
    assert [row["status"] for row in found] == ["skipped", "crashed", "ok", "ok"]
    assert "b on fake, to be compared with it, ended crashed" in found[0]["reason"]
    assert listener.of("launching").count("a") <= 1


def test_a_cell_that_ends_leaves_the_order_of_the_others(tmp_path, cell, plan, launcher, listener):
    def launch(request, timeout, rng):
        if request.source.kwargs:
            return LaunchResult("crashed", "SIGSEGV")
        return LaunchResult("ok", samples_ns=(5, 5))

    def models(*cells):
        heard = type(listener)()
        go(
            tmp_path / str(len(cells[1].source["kwargs"])),
            plan(*cells, launches=8, iterations=8),
            launch,
            heard,
        )
        return [model for model in heard.of("launching") if model != "b"]

    assert models(cell("a"), cell("b"), cell("c")) == models(
        cell("a"), cell("b", kwargs={"broken": 1}), cell("c")
    )


@pytest.mark.parametrize(
    ("fields", "probed"),
    [
        ({}, [True, False]),
        ({"protocol": "adaptive"}, [True, False]),
        ({"protocol": "quick"}, [False, False]),
        ({"protocol": "paper"}, [False, False]),
        ({"schedule": "abba"}, [False] * 4),
    ],
)
def test_the_first_launch_probes_for_denormals_where_time_allows(tmp_path, cell, plan, fields, probed):
    asked = []

    def launch(request, timeout, rng):
        asked.append(request.probe_denormals)
        return LaunchResult("ok", samples_ns=(5, 5))

    cells = (cell("a"), cell("b")) if "schedule" in fields else (cell("a"),)
    go(tmp_path, plan(*cells, **fields), launch)
    assert asked == probed


def test_launches_are_added_for_a_level_that_few_have_seen(tmp_path, cell, plan, listener):
    slow = iter([8.9] * 5 + [5.7] + [8.9, 5.7] * 20)

    def launch(request, timeout, rng):
        return LaunchResult("ok", samples_ns=(int(next(slow) * 10**6),) * request.iterations, wall_ns=10**9)

    run = plan(cell(), launches=6, iterations=300, extend_s=1000.0)
    (row,) = go(tmp_path, run, launch, listener)
    assert (row["status"], row["launches_requested"]) == ("ok", 6)
    assert row["launches"] == 14
    assert listener.of("decided") == ["1 of 6 launches visited a level: more follow, within 1000 s"]
