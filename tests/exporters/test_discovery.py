import sys

import pytest

from exporters.discovery import discover


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that writes a package of the given modules and returns its name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**modules):
        name = f"found_{tmp_path.name.replace('-', '_')}"
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").touch()
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(text)
        return name

    yield write
    for module in [module for module in sys.modules if module.startswith("found_")]:
        del sys.modules[module]


def test_entries_come_by_key_in_the_order_of_their_modules(package):
    name = package(b="ENTRY = 'two'", a="ENTRY = ('one', 'zero')", c="ENTRY = 'three'")
    assert list(discover(name, "ENTRY", str.upper)) == ["ONE", "ZERO", "TWO", "THREE"]


def test_a_module_that_offers_nothing_is_a_helper(package):
    assert discover(package(helper="VALUE = 1", a="ENTRY = 'one'"), "ENTRY", str) == {"one": "one"}
    assert discover("exporters.passes", "NOTHING", str) == {}


def test_a_key_offered_twice_names_both_modules(package):
    name = package(a="ENTRY = 'one'", b="ENTRY = 'one'")
    with pytest.raises(ValueError, match=r"'one' is defined by both a and b"):
        discover(name, "ENTRY", str)


def test_a_key_offered_twice_by_one_module_raises(package):
    with pytest.raises(ValueError, match="both a and a"):
        discover(package(a="ENTRY = ('one', 'one')"), "ENTRY", str)


@pytest.mark.parametrize("text", ["import nowhere_to_be_found", "raise ImportError('broken')"])
def test_an_import_error_is_not_swallowed(package, text):
    with pytest.raises(ImportError):
        discover(package(a="ENTRY = 'one'", b=text), "ENTRY", str)


def test_a_missing_package_raises():
    with pytest.raises(ModuleNotFoundError):
        discover("exporters.nowhere", "ENTRY", str)
