"""The wheel, installed in an environment that holds latbench's declared dependencies and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import latbench

ROOT = Path(__file__).parents[1]
BUILT_FROM = ("pyproject.toml", "README.md", "latbench", "exporters")


def _run(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints, run as if nothing of this process's Python had been set up."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COVERAGE"))}
    ran = subprocess.run(
        command,
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, f"{' '.join(map(str, command))}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def _needs(requirement: str, extra: str, found: dict[str, metadata.Distribution]) -> None:
    """Add to `found` the installed distribution of a requirement and of all that it requires."""
    wanted = Requirement(requirement)
    if wanted.name in found or (wanted.marker and not wanted.marker.evaluate({"extra": extra})):
        return
    found[wanted.name] = metadata.distribution(wanted.name)
    for further in found[wanted.name].requires or ():
        for asked in wanted.extras or {""}:
            _needs(further, asked, found)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    _run(*pip, "--wheel-dir", out, source, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """Return the bin folder of a fresh environment; links stand in for downloading the dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    _run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        wheel,
        cwd=folder,
    )
    site = Path(
        _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    )
    found: dict[str, metadata.Distribution] = {}
    for requirement in metadata.PathDistribution(next(site.glob("latbench-*.dist-info"))).requires or ():
        _needs(requirement, "", found)
    for distribution in found.values():
        for top in {Path(*file.parts[:1]) for file in distribution.files or () if file.parts[0] != ".."}:
            if not (site / top).exists():
                (site / top).symlink_to(distribution.locate_file(top))
    return python.parent


def test_the_wheel_holds_both_packages_and_their_data(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in ("latbench", "exporters")
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", ".json", ".csv") or path.name == "py.typed"
    }
    assert wanted <= inside
    assert {name.split("/")[0] for name in inside} == {
        "latbench",
        "exporters",
        f"latbench-{latbench.__version__}.dist-info",
    }


def test_the_command_tells_its_version(environment, tmp_path):
    assert latbench.__version__ in _run(environment / "latbench", "--version", cwd=tmp_path)


def test_the_zoo_is_listed_without_torch(environment, tmp_path):
    listed = json.loads(_run(environment / "latbench", "list", "--format", "json", cwd=tmp_path))
    assert "efficientmod_s" in {model["name"] for model in listed}


def test_both_packages_import_without_torch(environment, tmp_path):
    code = (
        "import importlib.util, latbench, exporters; "
        "print(importlib.util.find_spec('torch'), latbench.__file__, exporters.__file__)"
    )
    found, *files = _run(environment / "python", "-c", code, cwd=tmp_path).split()
    assert found == "None"
    assert all(file.startswith(str(environment.parent)) for file in files)


def test_a_table_is_redrawn_without_torch(environment, tmp_path):
    records = ROOT / "tests" / "data" / "records"
    assert "latency" in _run(environment / "latbench", "table", records, cwd=tmp_path).lower()
