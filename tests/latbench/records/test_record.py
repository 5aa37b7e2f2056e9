import json

import pytest

from latbench.records.record import CellPlan, RunRecord


def test_cell_id_is_the_hash_of_the_identity(plan):
    assert plan().cell_id == "f7b634020657"


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "other"},
        {"artifact_sha256": None},
        {"target": "openvino"},
        {"lowering": "expand=repeat"},
        {"runtime": "onnxruntime"},
        {"device": "cuda"},
        {"precision": "bf16"},
        {"threads": 4},
        {"batch": 2},
        {"spinning": False},
        {"input_shape": "1x3x256x256"},
        {"arm": "again"},
        {"knobs": "builder_level=5"},
    ],
)
def test_each_part_of_the_identity_makes_another_cell(plan, changes):
    assert plan(**changes).cell_id != plan().cell_id


@pytest.mark.parametrize(
    "changes", [{"artifact_path": "elsewhere.onnx"}, {"macs": None}, {"reference": None}]
)
def test_what_is_not_identity_keeps_the_cell(plan, changes):
    assert plan(**changes).cell_id == plan().cell_id


def test_a_plan_whose_identity_was_edited_is_refused(plan):
    values = json.loads(json.dumps(plan().to_json())) | {"threads": 64}
    with pytest.raises(ValueError, match=f"the fields of cell {plan().cell_id} were changed"):
        CellPlan.from_json(values)


def test_a_run_comes_back_as_it_was_written(run):
    adaptive = run(precision_target=0.01, looks=(5, 10), time_limit_s=300.0, iterations=None, schedule="abba")
    assert RunRecord.from_json(json.loads(json.dumps(adaptive.to_json()))) == adaptive


def test_a_run_written_before_there_were_schedules_and_looks_is_read(run):
    values = run().to_json()
    for name in ("schedule", "precision_target", "looks", "time_limit_s", "extend_s"):
        del values[name]
    assert RunRecord.from_json(values) == run()
