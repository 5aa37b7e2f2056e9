import math

import pytest

from latbench.records.columns import columns
from latbench.records.parse import Records
from latbench.records.record import CellRecord
from latbench.records.row import rows


@pytest.fixture
def row(run, plan, launch, statistics):
    """Return the row of a run of one cell with the given launches; `status` None leaves it pending."""

    def build(*launches, status="ok", reason=None, cell=None, **changes):
        cell = cell or plan()
        end = () if status is None else (CellRecord(run_id="run-1", cell_id=cell.cell_id, status=status),)
        if reason is not None:
            end = (CellRecord(run_id="run-1", cell_id=cell.cell_id, status=status, reason=reason),)
        records = Records((run(cell, **changes),), launches, end)
        (only,) = rows(records, statistics)
        return only

    return build


def test_every_column_is_present_in_order(row, launch, statistics):
    assert list(row(launch())) == [column.name for column in columns(statistics)]
    assert list(row(status=None)) == [column.name for column in columns(statistics)]


def test_what_was_planned_is_copied(row, plan):
    found = row()
    assert found["cell_id"] == plan().cell_id
    assert (found["model"], found["macs"], found["params"]) == ("toy", 2_000_000, 1_000_000)
    assert (found["launches_requested"], found["iterations_requested"]) == (2, 8)
    assert found["command"] == "latbench run toy"
    assert found["versions"] == "fake=1;numpy=2.0"
    assert (found["precision_requested"], found["threads_requested"]) == ("fp32", 2)


def test_what_is_not_known_is_none_not_zero(row):
    found = row(status="crashed", reason="signal 11")
    unknown = (
        *("latency_ms", "load_ms", "first_inference_ms", "peak_rss_mib", "threads_actual", "parity_max_abs"),
        *("usable_cpus", "boundary", "flags", "cpu_model"),
    )
    assert [found[name] for name in unknown] == [None] * len(unknown)
    assert (found["launches"], found["iterations"]) == (0, 0)


def test_samples_are_summarised_over_launches(row, launch):
    found = row(
        launch(0, samples_ns=(1_000_000, 3_000_000), load_ns=10_000_000, peak_rss_bytes=None),
        launch(1, samples_ns=(4_000_000,) * 3, load_ns=20_000_000, peak_rss_bytes=3 * 2**20),
    )
    assert (found["launches"], found["iterations"]) == (2, 5)
    assert (found["latency_ms"], found["latency_min_ms"], found["latency_p99_ms"]) == (3.0, 1.0, None)
    assert (found["load_ms"], found["peak_rss_mib"], found["compile_ms"]) == (15.0, 3.0, None)


def test_device_latency_and_options_have_their_columns(row, launch, plan):
    cell = plan(knobs="level=5")
    device = (500_000, 600_000, 550_000, 520_000)
    found = row(launch(0, cell, device_ns=device), launch(1, cell, device_ns=device), cell=cell)
    assert (found["runtime_options"], found["device_median_ms"], found["device_min_ms"]) == (
        "level=5",
        0.535,
        0.5,
    )
    assert found["latency_ms"] == 1.035, "the host's latency stays what it is"
    assert row(launch())["device_median_ms"] is None


def test_a_cell_without_an_end_is_pending(row, launch):
    found = row(launch(1), status=None)
    assert (found["status"], found["reason"]) == ("pending", "1 of 2 launches finished")
    assert found["latency_ms"] is not None


def test_launches_that_failed_or_repeat_do_not_count_as_finished(row, launch):
    found = row(launch(0, status="oom", samples_ns=()), launch(1), launch(1), status=None)
    assert found["reason"] == "1 of 2 launches finished"


def test_a_reason_becomes_one_line(row):
    assert row(status="failed", reason="first\r\n  second\t")["reason"] == "first second"


def test_every_planned_cell_of_every_run_is_a_row(run, plan, launch, statistics):
    fast, slow = plan(), plan(threads=1)
    records = Records(
        runs=(run(fast, slow), run(slow, run_id="run-2")),
        launches=(launch(0, slow, "run-2"), launch(0, fast)),
        cells=(CellRecord(run_id="run-2", cell_id=slow.cell_id, status="ok"),),
    )
    told = [
        (one["run_id"], one["threads_requested"], one["status"], one["launches"])
        for one in rows(records, statistics)
    ]
    assert told == [("run-1", 2, "pending", 1), ("run-1", 1, "pending", 0), ("run-2", 1, "ok", 1)]


def test_a_run_or_an_end_recorded_again_replaces_the_earlier(run, plan, statistics):
    ends = tuple(
        CellRecord(run_id="run-1", cell_id=plan().cell_id, status=status) for status in ("timeout", "ok")
    )
    records = Records(runs=(run(launches=2), run(launches=5)), cells=ends)
    (found,) = rows(records, statistics)
    assert (found["launches_requested"], found["status"]) == (5, "ok")


def test_the_parity_limits_are_those_of_the_precision_asked_for(row, launch, plan, run):
    rounded = {"max_abs": 1.0, "max_rel": 1e-2, "cosine": 0.9999}
    for precision, status, limit in (("fp32", "parity_failed", 1e-4), ("bf16", "ok", 5e-2)):
        cell = plan(precision=precision)
        records = Records(
            runs=(run(cell),),
            launches=tuple(launch(index, cell, parity=rounded) for index in range(2)),
            cells=(CellRecord(run_id="run-1", cell_id=cell.cell_id, status="ok"),),
        )
        (found,) = rows(records)
        assert (found["status"], found["parity_limit"]) == (status, limit)


def test_the_interval_of_an_adaptive_run_allows_for_its_looks(launch, plan, run):
    launches = tuple(launch(index, samples_ns=(10**6 + 10**4 * index,) * 4) for index in range(5))
    asked = {"precision_target": 0.05, "time_limit_s": 300.0, "iterations": None, "protocol": "adaptive"}
    found = {}
    for looks in ((5,), (5, 10, 20)):
        adaptive = run(launches=looks[-1], looks=looks, **asked)
        (found[looks],) = rows(Records(runs=(adaptive,), launches=launches))
    (plain,) = rows(Records(runs=(run(),), launches=launches))
    one, three = found.values()
    assert one["latency_ci95_half_percent"] == pytest.approx(plain["latency_ci95_half_percent"], rel=1e-6)
    assert three["latency_ci95_low_ms"] < plain["latency_ci95_low_ms"]
    assert three["latency_ci95_half_percent"] > plain["latency_ci95_half_percent"]
    assert three["latency_ms"] == plain["latency_ms"]
    told = ("looks", "precision_target_percent", "time_limit_s")
    assert [three[name] for name in told] == ["5/10/20", 5.0, 300.0]
    assert [plain[name] for name in told] == [None, None, None]


@pytest.mark.parametrize(
    ("parity", "status"),
    [
        ({"max_abs": 1.0, "max_rel": 1e-4, "cosine": 1.0}, "ok"),
        ({"max_abs": 1.0, "max_rel": 1.1e-4, "cosine": 1.0}, "parity_failed"),
        ({"max_abs": 1.0, "max_rel": 0.0, "cosine": 0.9}, "parity_failed"),
        ({"max_abs": math.inf, "max_rel": math.inf, "cosine": 0.0}, "parity_failed"),
        ({"max_abs": math.nan, "max_rel": math.nan, "cosine": math.nan}, "parity_failed"),
    ],
)
def test_a_row_over_the_parity_limits_fails_but_keeps_its_statistics(row, launch, parity, status):
    found = row(launch(0), launch(1, parity=parity))
    assert found["status"] == status
    assert (found["reason"] is None) == (status == "ok")
    assert found["latency_ms"] is not None


def test_an_output_unlike_the_reference_is_the_reason(row, launch):
    parity = {"max_abs": math.inf, "max_rel": math.inf, "cosine": 0.0}
    found = row(launch(0), launch(1, parity=parity, reason="output 'y' has the shape 5, not 6"))
    assert found["status"] == "parity_failed"
    assert found["reason"].startswith("outputs cannot be compared with ")
    assert found["reason"].endswith(": output 'y' has the shape 5, not 6")


def test_the_worst_launch_gives_the_parity(row, launch):
    found = row(
        launch(0, parity={"max_abs": 1.0, "max_rel": 0.5, "cosine": 0.9}),
        launch(1, parity={"max_abs": 2.0, "max_rel": 0.1, "cosine": 0.8}),
    )
    assert (found["parity_max_abs"], found["parity_max_rel"], found["parity_cosine"]) == (2.0, 0.5, 0.8)
    assert found["reason"] == (
        "outputs differ from eager fp32: max_rel 0.5 (limit 0.0001), cosine 0.8 (limit 0.99999)"
    )


def test_a_skipped_or_crashed_cell_keeps_its_own_status(row, launch):
    bad = {"max_abs": 1.0, "max_rel": 1.0, "cosine": 0.0}
    assert row(launch(parity=bad), status="crashed", reason="killed")["status"] == "crashed"


def test_what_the_launches_disagree_on_is_empty_and_flagged(row, launch, result):
    facts = result().facts
    found = row(launch(0), launch(1, facts={**facts, "threads": 1, "version": "2"}))
    assert (found["threads_actual"], found["runtime_version"]) == (None, None)
    assert found["provider_actual"] == "fake"
    assert found["flags"] == "facts_vary=threads:2|1,version:1|2;threads_differ=2->1"


def test_the_machine_is_told(row):
    machine = {"usable_cpus": 1, "cpu_model": "Nucleus", "kernel": "6.1", "governor": None}
    found = row(machine=machine)
    assert (found["usable_cpus"], found["cpu_model"], found["kernel"]) == (1, "Nucleus", "6.1")
    assert found["flags"] == "oversubscribed=2>1"


def test_the_real_statistics_fill_their_columns(run, plan, launch):
    launches = tuple(
        launch(index, samples_ns=tuple(range(10**6 + index, 10**6 + 400, 2))) for index in range(10)
    )
    end = CellRecord(run_id="run-1", cell_id=plan().cell_id, status="ok")
    (found,) = rows(Records((run(launches=10),), launches, (end,)))
    assert list(found) == [column.name for column in columns()]
    assert found["latency_ci95_low_ms"] <= found["latency_ms"] <= found["latency_ci95_high_ms"]
    assert found["latency_min_ms"] == 1.0


def test_launches_without_samples_are_not_summarised(row, launch):
    found = row(launch(0, samples_ns=()), launch(1))
    assert (found["latency_min_ms"], found["iterations"]) == (1.0, 4)
