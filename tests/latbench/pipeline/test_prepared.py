import json

import numpy as np

from exporters.artifact import Artifact
from latbench.pipeline.prepared import Prepared, inputs_sha256, of_artifact
from latbench.runtimes.base import Source


def test_it_survives_the_way_to_another_process():
    made = Prepared(source=Source("module", factory="a:b"), input_shape="1x2", artifact_sha256="s")
    assert Prepared.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_the_hash_of_inputs_is_over_values_not_names(tmp_path):
    x = np.arange(6, dtype=np.float32)
    files = {
        "one": {"input:x": x, "output:y": x},
        "renamed": {"input:image": x},
        "reshaped": {"input:x": x.reshape(2, 3)},
        "other": {"input:x": x + 1},
    }
    for name, arrays in files.items():
        np.savez(tmp_path / name, **arrays)
    hashes = {name: inputs_sha256(tmp_path / f"{name}.npz") for name in files}
    assert hashes["one"] == hashes["renamed"]
    assert len(set(hashes.values())) == 3


def test_what_cells_need_comes_from_the_manifest(tmp_path):
    np.savez(tmp_path / "m.npz", **{"input:x": np.zeros((1, 3, 4, 4), np.float32)})
    manifest = {
        "sha256": "s",
        "bytes": 10,
        "opset": 20,
        "target": "portable",
        "inputs": [{"name": "x", "shape": [1, 3, 4, 4]}],
        "provenance": {"params": "7"},
    }
    found = of_artifact(Artifact(tmp_path / "m.onnx", manifest))
    assert (found.input_shape, found.opset) == ("1x3x4x4", 20)
    assert (found.params, found.macs) == (7, None)
    assert found.source.path == str(tmp_path / "m.onnx")
