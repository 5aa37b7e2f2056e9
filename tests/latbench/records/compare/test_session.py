import pytest

from latbench.errors import BadInput, Exit
from latbench.records import CellRecord, Records
from latbench.records.compare.outcome import AT_BEST
from latbench.records.compare.session import compare_session, load_session

COMMAND = ("latbench", "compare", "a", "b", "--blocks", "10", "--format", "json")


@pytest.fixture
def session(plan, run, launch):
    """Makes the records of a session: for each pair of cells, the launches of both in ms."""

    def make(*pairs, statuses=(), cells=None, **of_run):
        planned = cells or [plan(arm=f"{side}{k}") for k in range(len(pairs)) for side in "AB"]
        most = max(len(one) for one in pairs[0])
        record = run(
            *planned, **{"run_id": "s", "schedule": "abba", "launches": most, "command": COMMAND} | of_run
        )
        flat = [latencies for pair in pairs for latencies in pair]
        launches = [
            launch(index=index, cell=cell, run_id="s", samples_ns=(round(1e6 * level),) * 3)
            for cell, latencies in zip(planned, flat, strict=True)
            for index, level in enumerate(latencies)
        ]
        ended = list(statuses) or ["ok"] * len(planned)
        ends = [
            CellRecord(
                run_id="s", cell_id=cell.cell_id, status=status, reason=None if status == "ok" else "so"
            )
            for cell, status in zip(planned, ended, strict=True)
            if status is not None
        ]
        return Records((record,), tuple(launches), tuple(ends))

    return make


def around(level, blocks=6, spread=0.002):
    return tuple(level * (1 + spread * (-1) ** (index // 2)) for index in range(2 * blocks))


@pytest.mark.parametrize(("level", "verdict"), [(2.2, "SLOWER"), (1.8, "FASTER"), (2.0, "SAME")])
def test_the_candidate_is_judged(session, level, verdict):
    found = compare_session(session((around(2.0), around(level))), margin=0.02)
    (pair,) = found.pairs
    assert (found.verdict, pair.verdict, pair.units) == (verdict, verdict, 6)
    assert pair.ratio.estimate == pytest.approx(2.0 / level, rel=1e-4)
    assert pair.guard.estimate == pytest.approx(1)


def test_what_was_disturbed_is_told_at_best_too(session):
    rough = tuple(2.0 * (1 + 0.3 * (index // 2 % 3 > 0)) for index in range(12))
    found = compare_session(session((rough, tuple(1.1 * one for one in rough))), margin=0.02)
    assert [(one.level, round(one.ratio.estimate, 3)) for one in found.pairs[0].levels] == [(AT_BEST, 0.909)]


def test_what_a_whole_block_suffers_falls_on_both(session):
    rough = tuple(2.0 * (1 + 0.3 * (index // 2 % 3)) for index in range(12))
    (pair,) = compare_session(session((rough, tuple(1.1 * one for one in rough))), margin=0.02).pairs
    assert pair.verdict == "SLOWER"
    assert pair.ratio.high - pair.ratio.low < 0.001


def test_a_machine_that_moves_within_blocks_is_not_trusted(session):
    moving = tuple(one * (1 + 0.05 * (index % 2)) for index, one in enumerate(around(2.0)))
    found = compare_session(session((moving, tuple(1.2 * one for one in moving))), margin=0.02)
    assert (found.verdict, found.exit_code) == ("UNTRUSTED", Exit.UNDECIDED)
    assert "the baseline differs from itself" in found.pairs[0].reason


def test_undecided_names_the_command_that_decides(session):
    noisy = tuple(2.0 * (1 + 0.05 * (-1) ** (index // 2)) for index in range(12))
    found = compare_session(session((around(2.0), noisy)), margin=0.02)
    (pair,) = found.pairs
    assert found.verdict == "UNDECIDED"
    assert found.more == f"latbench compare a b --format json --blocks {6 + pair.units_needed}"
    told = compare_session(session((around(2.0), noisy), command=("make", "bench")), margin=0.02)
    assert told.more is None


def test_a_larger_margin_makes_more_the_same(session):
    records = session((around(2.0), around(2.1)))
    assert [compare_session(records, margin=margin).verdict for margin in (0.02, 0.1)] == ["SLOWER", "SAME"]


def test_a_pair_with_a_failed_cell_has_no_verdict_and_names_the_failure(session):
    records = session(
        (around(2.0), ()), (around(2.0), around(2.0)), statuses=("skipped", "crashed", "ok", "ok")
    )
    found = compare_session(records, margin=0.02)
    assert [(pair.state, pair.verdict) for pair in found.pairs] == [("not_ok", None), ("compared", "SAME")]
    assert found.pairs[0].reason == "B crashed: so."
    assert (found.verdict, found.exit_code) == ("NOT MEASURED", Exit.ROWS_NOT_OK)


def test_wrong_outputs_have_no_verdict(session, plan, launch):
    records = session((around(2.0), around(1.0)))
    spoilt = launch(index=0, parity={"max_abs": 1.0, "max_rel": 1.0, "cosine": 0.1})
    last = records.launches[-1]
    wrong = type(last)(**{**vars(last), "result": spoilt.result})
    found = compare_session(
        Records(records.runs, (*records.launches[:-1], wrong), records.cells), margin=0.02
    )
    assert found.exit_code == Exit.ROWS_NOT_OK
    assert found.pairs[0].reason.startswith("B parity_failed: ")


def test_an_interrupted_session_says_how_to_go_on(session):
    found = compare_session(session((around(2.0)[:5], around(2.0)[:4]), statuses=(None, None)), margin=0.02)
    assert found.exit_code == Exit.ROWS_NOT_OK
    assert "the same command goes on" in found.pairs[0].reason
    assert found.redo == "latbench compare a b --blocks 10 --format json"


def test_the_same_cell_twice_is_said(session, plan):
    same = compare_session(session((around(2.0), around(2.0))), margin=0.02)
    assert "one and the same" in same.notes[0]
    cells = [plan(), plan(threads=4)]
    other = compare_session(session((around(2.0), around(2.0)), cells=cells), margin=0.02)
    assert other.notes == ()
    assert other.pairs[0].name == "toy@fake,threads=2 against toy@fake,threads=4"


def test_the_latest_session_is_shown_unless_one_is_named(session, run):
    records = session((around(2.0), around(2.0)))
    later = run(run_id="later")
    several = Records((*records.runs, later), records.launches, records.cells)
    assert compare_session(several, margin=0.02).verdict == "SAME"
    assert compare_session(several, "s", margin=0.02).verdict == "SAME"
    for run_id in ("later", "none"):
        with pytest.raises(BadInput, match="hold no comparison"):
            compare_session(several, run_id, margin=0.02)


def test_a_csv_holds_no_session(tmp_path):
    (tmp_path / "latency.csv").write_text("")
    for path in (tmp_path, tmp_path / "latency.csv"):
        with pytest.raises(BadInput, match=r"holds no records\.jsonl"):
            load_session(path)
