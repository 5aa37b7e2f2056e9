import hashlib
import json
import shutil

import pytest

from exporters.artifact import load, sha256_of


@pytest.fixture
def copy(made, tmp_path):
    """Return the path of an artifact that may be spoilt."""
    for suffix in (".onnx", ".json", ".npz"):
        shutil.copy(made.path.with_suffix(suffix), tmp_path)
    return tmp_path / made.path.name


def test_what_was_exported_loads_again(made):
    found = load(made.path)
    assert found == made
    assert found.path == made.path
    assert found.reference == made.path.with_suffix(".npz")
    assert (found.opset, found.target) == (20, "portable")
    assert found.bytes == made.path.stat().st_size
    assert found.sha256 == hashlib.sha256(made.path.read_bytes()).hexdigest() == sha256_of(made.path)


@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_one_flipped_byte_is_not_the_artifact(copy, place):
    data = bytearray(copy.read_bytes())
    data[int(place * (len(data) - 1))] ^= 1
    copy.write_bytes(data)
    assert load(copy) is None


@pytest.mark.parametrize("suffix", [".onnx", ".json", ".npz"])
def test_a_missing_file_is_not_the_artifact(copy, suffix):
    assert load(copy) is not None
    copy.with_suffix(suffix).unlink()
    assert load(copy) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", "\udc80"])
def test_a_manifest_that_cannot_be_read_is_not_one(copy, text):
    copy.with_suffix(".json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert load(copy) is None


@pytest.mark.parametrize("change", [{"schema": 0}, {"schema": 2}, {"sha256": "0" * 64}])
def test_a_manifest_of_another_schema_or_file_is_not_its_own(copy, change):
    manifest = json.loads(copy.with_suffix(".json").read_text())
    copy.with_suffix(".json").write_text(json.dumps(manifest | change))
    assert load(copy) is None


def test_a_path_that_is_no_file_is_no_artifact(tmp_path):
    assert load(tmp_path / "none.onnx") is None
    assert load(tmp_path) is None
