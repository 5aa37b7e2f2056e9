from latbench.pipeline.subjects import resolve
from latbench.studies import studies


def test_every_study_asks_for_cells_that_can_be_planned():
    for name, study in studies().items():
        assert study.name == name
        assert study.iterations % study.launches == 0
        for subject in map(resolve, study.names):
            assert all(set(values) <= set(subject.forms[form]) for form, values in study.forms.items())
