import pytest

from latbench.studies.crossover.grid import Asked
from latbench.studies.crossover.untried import dump, load, untried

ASKED = (
    Asked("parc_w_c192_448", (), refused={"spatial": "too large"}),
    Asked("parc_w_c32_7", ("spatial",)),
)


def test_what_was_refused_is_skipped_on_every_runtime_and_thread_count():
    found = untried(ASKED, ("onnxruntime", "openvino"), (1, 2))
    assert len(found) == 4
    assert {cell.setting.runtime for cell in found} == {"onnxruntime", "openvino"}
    assert {(cell.size, cell.status, cell.reason) for cell in found} == {(448, "skipped", "too large")}


def test_it_is_read_back_as_written():
    assert load(dump(ASKED, ("openvino",), (1,))) == untried(ASKED, ("openvino",), (1,))
    with pytest.raises(ValueError, match="untried"):
        load("[]")
