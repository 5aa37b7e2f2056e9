import pytest

from exporters.errors import ExportError, InputError
from latbench.errors import BadInput
from latbench.pipeline.child import WorkerDied
from latbench.pipeline.export import export
from latbench.pipeline.fleet import BUDGET_MIB, expected_mib, export_all
from latbench.pipeline.wish import Wish

NAMES = ("parc_h_c2_5", "parc_w_c2_5", "parc_h_c2_7")


def wish(name):
    return Wish(kind="parc", name=name, forms={"parc": "spatial"})


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("artifacts")
    export(wish(NAMES[0]), folder)
    return folder


def test_what_is_valid_is_taken_as_it_is_unless_anew(artifacts):
    asked = []
    (one,) = export_all([(wish(NAMES[0]), 10)], artifacts, 2, make=lambda *a: asked.append(a))
    assert (one.reused, one.error, asked) == (True, None, [])
    assert one.artifact.manifest["name"] == NAMES[0]
    (one,) = export_all([(wish(NAMES[0]), 10)], artifacts, 2, fresh=True, make=lambda *_: 123.0)
    assert (one.reused, one.peak_mib, one.error) == (False, 123.0, None)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ExportError("out of parity"), "out of parity"),
        (InputError("cannot run"), "cannot run"),
        (BadInput("no"), "no"),
        (WorkerDied("ended by SIGKILL"), "the process that exports it died: ended by SIGKILL"),
    ],
)
def test_one_that_fails_leaves_the_others_alone(artifacts, error, told):
    def make(one, *_):
        if one.name != NAMES[0]:
            raise error
        return 1.0

    found = list(export_all([(wish(name), 1) for name in NAMES], artifacts, 2, fresh=True, make=make))
    assert {one.wish.name: one.error is None for one in found} == {
        NAMES[0]: True,
        NAMES[1]: False,
        NAMES[2]: False,
    }
    assert told in str(next(one.error for one in found if one.error))


def test_one_larger_than_the_budget_is_expected_to_exceed_it():
    assert expected_mib(10**9) > BUDGET_MIB > expected_mib(50_000_000) > expected_mib(10)
    assert expected_mib(None) == BUDGET_MIB / 2


def test_each_is_exported_by_a_process_that_tells_its_memory(tmp_path):
    (one,) = export_all([(wish(NAMES[0]), 10)], tmp_path, 1)
    assert one.error is None
    assert one.peak_mib > 50
    assert one.artifact.path.exists()
