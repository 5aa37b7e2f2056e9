import subprocess
import sys
import tomllib
from pathlib import Path

import latbench


def test_importing_the_package_imports_no_torch():
    code = "import sys, latbench; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_version_is_that_of_the_project():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert latbench.__version__ == project["version"]
