import json
import os
from pathlib import Path

import numpy as np
import pytest

from exporters.artifact import MANIFEST_SCHEMA, sha256_of
from exporters.lowerings.table import packaged
from latbench.errors import BadInput, EnvironmentFault
from latbench.machine.probe import probe
from latbench.pipeline import export as module
from latbench.pipeline.export import existing, export, missing_packages, younger_than_code
from latbench.pipeline.subjects import resolve
from latbench.pipeline.wish import Wish

WISH = Wish(kind="zoo", name="m", resolution=8)


@pytest.fixture
def stored(tmp_path):
    """Writes an artifact that `WISH` would have made, its manifest changed by keywords."""

    def write(wish=WISH, **changed) -> Path:
        path = tmp_path / f"{wish.stem}.onnx"
        path.write_bytes(b"model")
        np.savez(path.with_suffix(".npz"), **{"input:x": np.zeros(1)})
        manifest = {
            "schema": MANIFEST_SCHEMA,
            "sha256": sha256_of(path),
            "target": wish.target,
            "opset": wish.opset,
            "versions": {"numpy": np.__version__},
            "provenance": {**wish.provenance, "params": "3"},
        }
        path.with_suffix(".json").write_text(json.dumps(manifest | changed))
        return path

    return write


def test_what_was_made_before_is_found(stored, tmp_path):
    path = stored()
    assert existing(WISH, tmp_path).path == path


@pytest.mark.parametrize(
    "changed",
    [
        {"sha256": "0"},
        {"target": "openvino"},
        {"opset": 19},
        {"versions": {"numpy": "0.1"}},
        {"provenance": {"model": "other"}},
        {"schema": 99},
    ],
)
def test_what_another_wish_or_version_made_is_not(stored, tmp_path, changed):
    stored(**changed)
    assert existing(WISH, tmp_path) is None


def test_what_another_table_of_lowerings_chose_is_not(stored, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("LATBENCH_LOWERINGS", raising=False)
    stored(table={"origin": "the package's table", "sha256": packaged().sha256})
    assert existing(WISH, tmp_path)
    stored(table=None)
    assert existing(WISH, tmp_path)
    stored(table={"origin": "mine.csv", "sha256": "0"})
    assert existing(WISH, tmp_path) is None


def test_ones_own_table_and_the_machine_reach_the_export(factories, tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(module.exporters, "export", lambda *_, **given: seen.update(given))
    own = tmp_path / "mine.csv"
    own.write_text(packaged().text())
    monkeypatch.setenv("LATBENCH_LOWERINGS", str(own))
    export(Wish(kind="factory", name=f"{factories}:make", resolution=16), tmp_path / "out")
    assert seen["table"] == own
    assert seen["machine"] == probe()["cpu_model"]


def test_a_lowering_that_was_asked_for_needs_no_table(factories, tmp_path, monkeypatch):
    monkeypatch.setattr(module.exporters, "export", lambda *_, **given: given["table"])
    monkeypatch.setenv("LATBENCH_LOWERINGS", str(tmp_path / "not-there-yet.csv"))
    wish = Wish(kind="factory", name=f"{factories}:make", resolution=16, forms={"parc": "spatial"})
    assert export(wish, tmp_path / "out") is None
    with pytest.raises(BadInput, match=r"make one with latbench tune"):
        export(Wish(kind="factory", name=f"{factories}:make", resolution=16), tmp_path / "out")


def test_what_older_code_made_is_not(stored, tmp_path):
    path = stored()
    os.utime(path, (0, 0))
    assert not younger_than_code(path)
    assert existing(WISH, tmp_path) is None


def test_where_nothing_can_be_exported_versions_do_not_matter(stored, tmp_path, monkeypatch):
    path = stored(versions={"torch": "0.1"})
    monkeypatch.setattr(module, "_NEEDED", ("no-such-package",))
    assert existing(WISH, tmp_path).path == path
    assert existing(Wish(kind="zoo", name="m", resolution=9), tmp_path) is None


def test_a_factory_is_always_exported_anew(stored, tmp_path):
    wish = Wish(kind="factory", name="a:b")
    stored(wish)
    assert existing(wish, tmp_path) is None


def test_missing_packages_come_with_the_mend(monkeypatch, tmp_path):
    assert missing_packages() is None
    monkeypatch.setattr(module, "_NEEDED", ("no-such-package",))
    with pytest.raises(EnvironmentFault, match=r"no-such-package missing; pip install 'latbench\[export\]'"):
        export(WISH, tmp_path)


def test_an_onnx_file_is_not_exported_again(tmp_path):
    with pytest.raises(BadInput, match="is already an ONNX file"):
        export(Wish(kind="onnxfile", name="a.onnx"), tmp_path)


def test_a_factory_becomes_an_artifact_that_counts_itself(factories, tmp_path):
    made = export(Wish(kind="factory", name=f"{factories}:make", resolution=16), tmp_path / "out")
    assert made.manifest["provenance"]["params"] == "112"
    assert made.manifest["provenance"]["macs"] == str(14 * 14 * 27 * 4)
    assert made.path.exists()
    assert made.manifest["inputs"][0]["shape"] == [1, 3, 16, 16]


def test_a_folder_that_cannot_be_written_is_named(factories, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="Cannot write"):
        export(Wish(kind="factory", name=f"{factories}:pair"), tmp_path / "file" / "folder")


def test_the_lowering_and_the_threads_reach_the_export(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(module.exporters, "export", lambda *_, **given: seen.append(given))
    subject = resolve("parc_h_c4_7")
    for forms in ({}, {"parc": "circulant"}):
        export(subject.wish("portable", 20, forms, 4), tmp_path)
    assert [(given["lowering"], given["threads"]) for given in seen] == [("auto", 4), ("circulant", 1)]


def test_a_lowering_makes_the_artifact_and_its_sites_are_told(tmp_path):
    made = export(resolve("parc_h_c4_12").wish("portable", 20, {"parc": "circulant"}), tmp_path)
    (site,) = made.manifest["sites"]
    assert (site["axis"], site["length"], site["asked"], site["used"]) == ("h", 12, "circulant", "circulant")
    assert "Conv" not in made.manifest["nodes"]["simplified"]
    assert made.manifest["provenance"]["forms"] == "parc=circulant"


def test_transforms_that_are_not_counted_leave_the_macs_unknown():
    wish = resolve("parc_mobilenetv2", 32).wish("portable", 20, {"parc": "fft"})
    assert "macs" not in module._counts(module.build(wish))
