import json
import types

import pytest

from latbench.runtimes import tensorrt_cache as cache
from latbench.runtimes.tensorrt_cache import Kept

KEY = {"gpu": "H1", "builder_level": 3, "source_sha256": "ab"}
KEPT = Kept(b"plan" * 100, {"build_ns": 7})


@pytest.fixture
def folder(tmp_path):
    assert cache.write(tmp_path / "engines", KEY, KEPT) is None
    return tmp_path / "engines"


def file(folder, suffix):
    return folder / f"{cache.name(KEY)}{suffix}"


def test_what_was_kept_is_found_whatever_the_order_of_the_key(folder):
    found = cache.read(folder, dict(reversed(KEY.items())))
    assert (found.plan, found.told["build_ns"], found.told["key"]) == (KEPT.plan, 7, KEY)
    assert sorted(one.suffix for one in folder.iterdir()) == [".engine", ".json"]


@pytest.mark.parametrize("name", KEY)
def test_no_part_of_the_key_may_differ(folder, name):
    assert cache.read(folder, {**KEY, name: "another"}) is None
    assert cache.read(folder, {other: value for other, value in KEY.items() if other != name}) is None


def test_a_key_of_the_same_name_is_compared_part_by_part(folder):
    told = json.loads(file(folder, ".json").read_text())
    file(folder, ".json").write_text(json.dumps({**told, "key": {**KEY, "gpu": "H2"}}))
    assert cache.read(folder, KEY) == "the engine kept was made for something else"


@pytest.mark.parametrize("plan", [b"", b"plan" * 99, b"plan" * 99 + b"plam"])
def test_a_damaged_engine_is_told(folder, plan):
    file(folder, ".engine").write_bytes(plan)
    assert cache.read(folder, KEY) == "the engine kept is damaged"


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_damaged_note_is_told(folder, text):
    file(folder, ".json").write_text(text)
    assert cache.read(folder, KEY).startswith("the engine kept ")


@pytest.mark.parametrize("suffix", [".engine", ".json"])
def test_half_of_it_is_nothing(folder, suffix):
    file(folder, suffix).unlink()
    assert cache.read(folder, KEY) is None


def test_a_folder_that_cannot_be_written_is_told_and_not_raised(tmp_path):
    (tmp_path / "engines").write_text("a file")
    assert cache.write(tmp_path / "engines", KEY, KEPT).startswith("the engine could not be kept (")


def test_the_weights_in_files_of_their_own_belong_to_the_source(external_model, tiny_model, tmp_path):
    assert cache.external(tiny_model) == ()
    assert cache.external(external_model) == ("weights.bin",)
    for one in (external_model, external_model.parent / "weights.bin"):
        (tmp_path / one.name).write_bytes(one.read_bytes())
    before = cache.source_sha256(tmp_path / external_model.name)
    assert before == cache.source_sha256(external_model)
    weights = bytearray((tmp_path / "weights.bin").read_bytes())
    weights[5] ^= 1
    (tmp_path / "weights.bin").write_bytes(weights)
    assert cache.source_sha256(tmp_path / external_model.name) != before


def test_the_sources_of_a_module_or_a_package_are_hashed(tmp_path):
    (tmp_path / "one.py").write_text("a = 1")
    (tmp_path / "__init__.py").write_text("")
    single, package = (
        types.SimpleNamespace(__file__=str(tmp_path / name)) for name in ("one.py", "__init__.py")
    )
    before = cache.code_sha256(single), cache.code_sha256(package)
    (tmp_path / "two.py").write_text("b = 1")
    assert cache.code_sha256(single) == before[0]
    assert cache.code_sha256(package) != before[1]


def test_the_driver_is_told_where_the_system_tells_it(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_DRIVER", tmp_path / "version")
    assert cache.driver() is None
    (tmp_path / "version").write_text("580.65.06\n")
    assert cache.driver() == "580.65.06"
