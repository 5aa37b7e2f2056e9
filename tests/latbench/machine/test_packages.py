from latbench.machine.packages import INSTALLED, Packages


def test_only_installed_packages_are_named():
    packages = Packages({"a": "1.0", "b": None}.get, lambda module: False)
    assert packages.versions(("a", "b", "c")) == {"a": "1.0"}


def test_the_running_python():
    assert INSTALLED.version("numpy")[0].isdecimal()
    assert INSTALLED.version("no-such-distribution") is None
    assert (INSTALLED.importable("numpy"), INSTALLED.importable("json")) == (True, True)
    assert not INSTALLED.importable("no_such_module")
