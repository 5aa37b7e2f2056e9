import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "onnx", "onnxruntime", "openvino", "pandas", "scipy")
IMPORT = "import sys, latbench.records, latbench.reports"
USE = f"""{IMPORT}
from latbench.records import rows
from latbench.records.flags import flags
from latbench.reports import card, render
table = latbench.records.read_any([sys.argv[1]])
assert table
assert [render(table, format) for format in latbench.reports.formats()]
assert card(table[0])
assert flags()
"""


def _loaded(code, *arguments):
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(*sys.modules)", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(told.stdout.split())


@pytest.mark.parametrize("name", HEAVY)
def test_importing_records_and_reports_imports_nothing_heavy(name, imported):
    assert name not in imported


@pytest.mark.parametrize("name", HEAVY)
def test_redrawing_a_table_imports_nothing_heavy(name, used):
    assert name not in used


@pytest.fixture(scope="module")
def imported():
    loaded = _loaded(IMPORT)
    assert "latbench.reports" in loaded
    assert "rich" not in loaded
    return loaded


@pytest.fixture(scope="module")
def used(request):
    loaded = _loaded(USE, str(request.path.parents[2] / "data" / "records"))
    assert "rich.table" in loaded
    return loaded
