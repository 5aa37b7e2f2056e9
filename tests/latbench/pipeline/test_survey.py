from latbench.pipeline.survey import Survey, matrix_speed, survey


def test_the_survey_tells_what_runs_and_what_it_costs():
    found = Survey.from_json(survey(["fake"], "cpu"), wall_s=10.0)
    assert found.available["fake"].available
    assert found.import_s["fake"] >= 0
    assert 0 < found.start_s <= 10


def test_a_device_a_runtime_lacks_comes_with_a_mend():
    found = Survey.from_json(survey(["fake"], "abacus"), wall_s=0)
    assert not found.available["fake"].available
    assert found.available["fake"].mend == "--device cpu"
    assert found.start_s == 0


def test_a_matrix_product_has_a_speed():
    assert matrix_speed() > 1e6
