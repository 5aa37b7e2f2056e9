import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.measure.launch import LaunchResult
from latbench.pipeline.estimate import (
    EARLIER,
    EFFICIENCY,
    MATRIX,
    Cost,
    Forecast,
    earlier,
    from_macs,
    inferences_of,
    key_of,
)
from latbench.pipeline.survey import Survey
from latbench.records import LaunchRecord, Records

SURVEY = Survey({}, {"openvino": 0.5}, macs_per_s=1e9, start_s=0.25)


def test_a_guess_counts_process_start_import_and_threads():
    cost = from_macs(2e9, "openvino", 2, SURVEY)
    assert cost == Cost(0.75, 1 / EFFICIENCY, MATRIX)
    assert cost.launch_s(10) == 0.75 + 10 / EFFICIENCY


def test_the_matrix_product_of_the_cpu_tells_nothing_of_another_device():
    assert from_macs(2e9, "openvino", 2, SURVEY, "cuda") is None


def test_without_macs_there_is_no_guess():
    assert from_macs(None, "openvino", 2, SURVEY) is None


def launched(cell, milliseconds, wall_s, run="r"):
    result = LaunchResult("ok", samples_ns=(int(milliseconds * 1e6),) * 3, wall_ns=int(wall_s * 1e9))
    return LaunchRecord(run_id=run, cell_id=cell.cell_id, index=0, result=result)


def test_earlier_launches_of_the_same_cell_tell(cell, plan):
    machine = {"cpu_model": "C", "usable_cpus": 2}
    one = cell(artifact_sha256="a")
    records = Records((plan(one, machine=machine),), (launched(one, 100, 1.0),))
    costs = earlier(records, machine)
    again = cell(artifact_sha256="b")
    assert costs[key_of(again)] == Cost(pytest.approx(0.7), pytest.approx(0.1), EARLIER)
    assert key_of(cell(threads=2)) not in costs


def test_launches_on_another_machine_tell_nothing(cell, plan):
    one = cell()
    records = Records((plan(one, machine={"cpu_model": "C"}),), (launched(one, 100, 1.0),))
    assert earlier(records, {"cpu_model": "D"}) == {}


def test_a_launch_that_was_seen_replaces_the_guess_and_corrects_the_others():
    cost = Cost(1.0, 0.1, MATRIX)
    forecast = Forecast({"a": cost, "b": cost, "c": None}, inferences=10)
    assert forecast.launch_s("a") == 2.0
    forecast.observe("a", 6.0)
    assert (forecast.launch_s("a"), forecast.launch_s("b"), forecast.launch_s("c")) == (6.0, 6.0, None)
    assert forecast.remaining_s(["a", "b", "b"]) == 18.0
    assert forecast.remaining_s(["a", "c"]) is None
    assert forecast.remaining_s([]) == 0


@given(st.lists(st.floats(0.01, 100), min_size=1), st.floats(0.01, 100))
def test_time_left_falls_with_every_launch_done(seconds, guess):
    forecast = Forecast({"a": Cost(guess, 0, MATRIX)}, inferences=1)
    for one in seconds:
        forecast.observe("a", one)
    assert forecast.remaining_s(["a"] * 3) > forecast.remaining_s(["a"] * 2) > 0


def test_inferences_of_a_launch_include_warmup(cell, plan):
    assert inferences_of(plan(cell(), iterations=40, launches=4, warmup=5)) == 15
