import sys

import pytest

from latbench import runtimes
from latbench.runtimes.shared.vendor import installed


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("onnxruntime", "onnxruntime", "onnxruntime"),
        ("openvino", "openvino", "openvino"),
        ("pytorch", "torch", "torch"),
    ],
)
def test_a_missing_package_comes_with_its_mend(monkeypatch, name, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    found = runtimes.get(name).check()
    assert (found.available, found.version) == (False, None)
    assert found.reason == f"{module} is not installed"
    assert found.mend == f'pip install "latbench[{extra}]"'


def test_a_broken_package_is_told_apart(monkeypatch, tmp_path):
    (tmp_path / "brokenvendor.py").write_text(
        "raise OSError('libmissing.so.9: cannot open shared object file')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = installed("brokenvendor", "brokenvendor")
    assert not found.available
    assert "cannot be imported: libmissing.so.9" in found.reason


def test_a_module_without_distribution_has_no_version(monkeypatch, tmp_path):
    (tmp_path / "plainvendor.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    found = installed("plainvendor", "plainvendor")
    assert (found.available, found.version) == (True, None)
