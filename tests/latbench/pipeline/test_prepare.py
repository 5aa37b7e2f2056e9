import sys

import numpy as np
import pytest

from exporters.errors import InputError
from latbench.errors import BadInput
from latbench.pipeline.prepare import eager, existing_eager, exported, reference
from latbench.pipeline.prepared import EAGER_FP32, UNOPTIMISED, Prepared
from latbench.pipeline.wish import Wish


def test_an_onnx_file_gets_seeded_inputs_and_its_own_outputs(graph, tmp_path):
    path = graph(operator="Relu")
    made = Prepared.from_json(reference(str(path), str(tmp_path / "r")))
    with np.load(made.reference) as arrays:
        assert np.array_equal(arrays["output:y"], np.maximum(arrays["input:x"], 0))
    assert (made.reference_kind, made.opset, made.input_shape) == (UNOPTIMISED, 20, "1x3x8x8")
    assert made.artifact_bytes == path.stat().st_size
    assert reference(str(path), str(tmp_path / "again"))["input_sha256"] == made.input_sha256


def test_without_onnx_runtime_the_outputs_stay_unchecked(graph, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    made = Prepared.from_json(reference(str(graph()), str(tmp_path)))
    assert made.reference_kind is None
    with np.load(made.reference) as arrays:
        assert arrays.files == ["input:x"]


def test_a_graph_that_cannot_run_is_refused(graph, tmp_path):
    with pytest.raises(BadInput, match="cannot be run even without optimisations") as caught:
        reference(str(graph(operator="NoSuchOperator")), str(tmp_path))
    assert "\n" not in str(caught.value)


def test_an_eager_module_gets_its_outputs_and_a_hash_of_its_weights(factories, tmp_path):
    wish = Wish(kind="factory", name=f"{factories}:make", resolution=8, target="eager")
    made = Prepared.from_json(eager(wish.to_json(), str(tmp_path / "r")))
    with np.load(made.reference) as arrays:
        assert arrays.files == ["input:input_0", "output:output"]
    assert (made.reference_kind, made.params) == (EAGER_FP32, 112)
    again = Prepared.from_json(eager(wish.to_json(), str(tmp_path / "again")))
    other = Wish(kind="factory", name=f"{factories}:pair", target="eager")
    assert again.artifact_sha256 == made.artifact_sha256
    assert eager(other.to_json(), str(tmp_path))["artifact_sha256"] != made.artifact_sha256


def test_a_module_that_cannot_take_its_input_is_named(factories, tmp_path):
    wish = Wish(kind="factory", name=f"{factories}:make", resolution=1, target="eager")
    with pytest.raises(InputError, match=":make cannot run on its example input"):
        eager(wish.to_json(), str(tmp_path))


def test_a_zoo_module_is_prepared_once(tmp_path):
    wish = Wish(kind="zoo", name="efficientmod_xxs", resolution=32, target="eager")
    made = eager(wish.to_json(), str(tmp_path))
    found = existing_eager(wish, tmp_path)
    assert found is not None
    assert found.to_json() == made
    assert existing_eager(Wish(kind="zoo", name="efficientmod_xxs", target="eager"), tmp_path) is None
    file = tmp_path / f"{wish.stem}.npz"
    for damaged in (file.read_bytes()[:-100], b"damaged"):
        file.write_bytes(damaged)
        assert existing_eager(wish, tmp_path) is None


def test_an_export_becomes_what_cells_need(factories, tmp_path):
    wish = Wish(kind="factory", name=f"{factories}:pair")
    made = Prepared.from_json(exported(wish.to_json(), str(tmp_path / "out")))
    assert (made.input_shape, made.reference_kind) == ("2x4", EAGER_FP32)
    assert made.macs is None
