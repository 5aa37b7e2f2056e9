import types

import pytest

from latbench.runtimes.shared import derived


def test_the_weights_in_files_of_their_own_belong_to_the_source(external_model, tiny_model, tmp_path):
    assert derived.external(tiny_model) == ()
    assert derived.external(external_model) == ("weights.bin",)
    for one in (external_model, external_model.parent / "weights.bin"):
        (tmp_path / one.name).write_bytes(one.read_bytes())
    before = derived.source_sha256(tmp_path / external_model.name)
    assert before == derived.source_sha256(external_model)
    weights = bytearray((tmp_path / "weights.bin").read_bytes())
    weights[5] ^= 1
    (tmp_path / "weights.bin").write_bytes(weights)
    assert derived.source_sha256(tmp_path / external_model.name) != before


MODULES = {"deep": "deep/__init__", "deep_one": "deep/one"}


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A package `exporters` of modules written here, by name."""

    def sources(**texts):
        for name, text in texts.items():
            file = tmp_path / "exporters" / f"{MODULES.get(name, name)}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    spec = types.SimpleNamespace(submodule_search_locations=[str(tmp_path / "exporters")])
    monkeypatch.setattr(derived.importlib.util, "find_spec", {"exporters": spec}.get)
    return sources


HALF = """
import os
import numpy
from exporters import deep
from exporters.graph import prune
"""


@pytest.fixture
def half(sources):
    """The hash of a module, each time anew, and `sources` to change what it imports."""
    sources(half=HALF, errors="import exporters.half", deep="", other="", __init__="import other")
    sources(graph="def prune():\n    from exporters.errors import first", deep_one="")
    return lambda: derived.code_sha256("exporters.half")


@pytest.mark.parametrize("changed", ["half", "graph", "errors", "deep"])
def test_whatever_of_ours_a_module_imports_counts(half, sources, changed):
    before = half()
    sources(**{changed: "changed = 1"})
    assert half() != before


@pytest.mark.parametrize("changed", ["other", "__init__", "deep_one"])
def test_what_it_does_not_import_does_not_count(half, sources, changed):
    before = half()
    sources(**{changed: "changed = 1"})
    assert half() == before


def test_a_module_that_is_renamed_is_another(sources):
    sources(one="x = 1", two="x = 1")
    assert derived.code_sha256("exporters.one") != derived.code_sha256("exporters.two")
    assert derived.code_sha256("exporters.one", "exporters.two") == derived.code_sha256(
        "exporters.two", "exporters.one"
    )
