from dataclasses import replace

import pytest

from latbench.pipeline.options import RunOptions
from latbench.pipeline.resume import continued, difference, planned_record, same_plan
from latbench.records import CellRecord, Store


def test_what_makes_plans_differ_is_named(cell, plan):
    one = plan(cell(), machine={"cpu_model": "C"}, versions={"torch": "1"})
    assert same_plan(one, replace(one, run_id="other", created="later"))
    assert difference(one, replace(one, machine={"cpu_model": "D"})) == "other cpu_model"
    assert difference(one, replace(one, versions={"torch": "2"})) == "other versions"
    assert difference(one, replace(one, cells=(cell(threads=2),))) == "other cells"
    assert difference(one, replace(one, schedule="abba")) == "other schedule"
    assert difference(one, replace(one, looks=(5,))) == "other looks"


@pytest.fixture
def record(cell):
    """Makes the record of a new run of one cell."""

    def make(**options):
        chosen = RunOptions(**options)
        return planned_record([cell()], chosen, schedule="blocks", machine={}, command=("latbench",))

    return make


def test_a_new_record_holds_what_was_asked_for(record):
    made = record(iterations=30, launches=3, warmup=7, seed=4)
    assert (made.iterations, made.launches, made.warmup, made.seed) == (30, 3, 7, 4)
    assert "numpy" in made.versions
    assert record().run_id != made.run_id


def test_an_unfinished_run_with_the_same_plan_is_continued(tmp_path, record, listener):
    first, second = record(), record()
    with Store.open(tmp_path) as store:
        assert continued(store, first, listener, fresh=False).run_id == first.run_id
        assert continued(store, second, listener, fresh=False).run_id == first.run_id
        other = record(seed=1)
        assert continued(store, other, listener, fresh=False).run_id == other.run_id
        assert "planned differently (other seed)" in listener.of("note")[0]
        anew = record()
        assert continued(store, anew, listener, fresh=True).run_id == anew.run_id


def test_a_finished_run_is_not_continued(tmp_path, record, listener):
    first, second = record(), record()
    with Store.open(tmp_path) as store:
        continued(store, first, listener, fresh=False)
        store.append(CellRecord(run_id=first.run_id, cell_id=first.cells[0].cell_id, status="ok"))
        assert continued(store, second, listener, fresh=False).run_id == second.run_id
    assert listener.of("note") == []
