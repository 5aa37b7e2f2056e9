import json

import pytest

from latbench.runtimes.shared import derived
from latbench.runtimes.trt import cache
from latbench.runtimes.trt.cache import Kept

KEY = {"gpu": "H1", "builder_level": 3, "source_sha256": "ab"}
KEPT = Kept(b"plan" * 100, {"build_ns": 7})


@pytest.fixture
def folder(tmp_path):
    assert cache.write(tmp_path / "engines", KEY, KEPT) is None
    return tmp_path / "engines"


def file(folder, suffix):
    return folder / f"{derived.name(KEY)}{suffix}"


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
