import json

import pytest

from latbench.studies.crossover.grid import Asked
from latbench.studies.crossover.untried import dump, load, untried

BOTH = ("onnxruntime", "openvino")
ASKED = (
    Asked("parc_w_c192_448", (), refused={"spatial": "too large"}, runtimes=BOTH),
    Asked("parc_w_c32_7", ("spatial",), runtimes=BOTH),
)


def test_what_was_refused_is_skipped_on_every_runtime_and_thread_count():
    found = untried(ASKED, (1, 2))
    assert len(found) == 4
    assert {cell.setting.runtime for cell in found} == {"onnxruntime", "openvino"}
    assert {(cell.size, cell.status, cell.reason) for cell in found} == {(448, "skipped", "too large")}


def test_a_network_is_at_its_resolution_and_a_module_is_told_from_a_graph():
    one = Asked("parcnet_s", (), 256, {"dft_op": "no operator"}, ("pytorch",), eager=True)
    (cell,) = untried((one,), (1,), "cuda")
    assert (cell.setting.model, cell.size, cell.setting.device) == ("parcnet_s", 256, "cuda")
    assert cell.setting.eager


def test_runtimes_above_the_subjects_are_read_as_they_once_stood():
    old = {
        "runtimes": ["openvino"],
        "threads": [1],
        "subjects": [{"name": "parc_h_c8_7", "refused": {"fft": "x"}}],
    }
    (cell,) = load(json.dumps(old))
    assert (cell.setting.runtime, cell.setting.device, cell.reason) == ("openvino", "cpu", "x")


def test_it_is_read_back_as_written():
    assert load(dump(ASKED, (1,), "cuda")) == untried(ASKED, (1,), "cuda")
    with pytest.raises(ValueError, match="untried"):
        load("[]")
