import csv

import pytest


def test_without_a_name_the_studies_are_listed(latbench):
    code, out, _ = latbench("study")
    assert code == 0
    assert "expand" in out


def test_an_unknown_study_is_refused(refused):
    assert "nonsense" in refused(2, "study", "nonsense")


def test_a_subject_of_another_study_is_refused(refused):
    assert "efficientmod_s" in refused(2, "study", "expand", "--only", "efficientmod_s")


@pytest.mark.slow
@pytest.mark.slow
def test_a_study_leaves_its_answer_as_csv(latbench, tmp_path):
    few = ("--launches", 2, "--iterations", 4, "--runtime", "onnxruntime", "--output", tmp_path)
    code, out, _ = latbench("study", "expand", "--only", "efficientmod_block_c344_r6_7", *few)
    assert code == 0
    with (tmp_path / "expand.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["layout"] for row in rows] == ["channels_last", "channels_first"]
    assert all(float(row["repeat_over_broadcast"]) > 0 for row in rows)
    assert "efficientmod_block_c344_r6_7" in out
