"""The house's rules about files: size, docstrings, a test for each module, nothing of one machine in any."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
LONG = 400
REASON = re.compile(r"^# Long because .{20,}", re.MULTILINE)

# A module has a test file of its own at the same place under tests/; these files and folders have another.
COVERED = {
    "exporters/involution": "tests/exporters/involution/test_init.py",
    "latbench/__main__.py": "tests/latbench/cli/test_app.py",
    "latbench/errors.py": "tests/latbench/cli/test_app.py",
    "latbench/machine/checks": "tests/latbench/machine/test_doctor.py",
    "latbench/records/flags": "tests/latbench/records/test_flags.py",
    "latbench/records/lock.py": "tests/latbench/records/test_store.py",
    "latbench/records/parse.py": "tests/latbench/records/test_line.py",
    "latbench/reports/formats": "tests/latbench/reports/test_table.py",
    "latbench/reports/view.py": "tests/latbench/reports/test_table.py",
    "latbench/stats/base.py": "tests/latbench/stats/test_init.py",
    "latbench/zoo/efficientmod.py": "tests/latbench/zoo/test_goldens.py",
    "latbench/zoo/efficientmod_ablations.py": "tests/latbench/zoo/test_goldens.py",
    "latbench/zoo/mbconv.py": "tests/latbench/zoo/test_registry.py",
    "latbench/zoo/mobilevit.py": "tests/latbench/zoo/test_goldens_mobilevit.py",
    "latbench/zoo/networks": "tests/latbench/zoo/test_goldens.py",
    "latbench/zoo/parcnet.py": "tests/latbench/zoo/test_goldens_parcnet.py",
}
# Test files that belong to no one module, and what they look at.
WHOLE = {
    "tests/faults/test_children.py": "latbench/measure",
    "tests/faults/test_disk.py": "latbench/records",
    "tests/faults/test_kill.py": "latbench/pipeline",
    "tests/contracts/test_bindings.py": "tests/contracts/bindings.py",
    "tests/contracts/test_cuda.py": "latbench/runtimes/shared/cuda.py",
    "tests/contracts/test_faketrt.py": "tests/latbench/runtimes/faketrt.py",
    "tests/contracts/test_held.py": "tests/contracts/held.py",
    "tests/contracts/test_nvml.py": "latbench/machine/nvml.py",
    "tests/contracts/test_providers.py": "latbench/runtimes/ort/cuda.py",
    "tests/contracts/test_signatures.py": "tests/contracts/signatures.py",
    "tests/contracts/test_tensorrt.py": "latbench/runtimes/trt/build.py",
    "tests/contracts/test_uses.py": "tests/contracts/uses.py",
    "tests/contracts/test_stubs.py": "tests/contracts/stubs.py",
    "tests/bench/test_aa.py": "bench/aa.py",
    "tests/bench/test_gpu.py": "bench/gpu.py",
    "tests/bench/test_involution.py": "bench/involution.py",
    "tests/bench/test_parc.py": "bench/parc.py",
    "tests/bench/test_regimes.py": "bench/regimes.py",
    "tests/bench/test_rerun.py": "bench/rerun.py",
    "tests/evidence/test_coverage.py": "bench/simulated/coverage.py",
    "tests/evidence/test_crossovers.py": "bench/simulated/crossovers.py",
    "tests/evidence/test_faults.py": "bench/simulated/faults.py",
    "tests/evidence/test_neighbours.py": "bench/simulated/neighbours.py",
    "tests/evidence/test_regimes.py": "bench/simulated/regimes.py",
    "tests/evidence/test_table.py": "bench/simulated/table.py",
    "tests/evidence/test_verdicts.py": "bench/simulated/sessions.py",
    "tests/gpu/test_rows.py": "latbench/pipeline",
    "tests/latbench/pipeline/test_devices.py": "latbench/pipeline/plan.py",
    "tests/latbench/measure/test_overhead.py": "bench/overhead.py",
    "tests/latbench/records/test_golden.py": "latbench/records",
    "tests/latbench/records/test_light.py": "latbench/reports",
    "tests/latbench/runtimes/test_contract.py": "latbench/runtimes",
    "tests/latbench/runtimes/trt/test_taken.py": "exporters/tensorrt_operators.py",
    "tests/latbench/stats/test_simulated_truth.py": "latbench/stats",
    "tests/latbench/test_package.py": "latbench/__init__.py",
    "tests/test_architecture.py": "latbench",
    "tests/test_docs.py": "README.md",
    "tests/test_docs_ci.py": "docs/ci.md",
    "tests/test_docs_gpu.py": "docs/gpu.md",
    "tests/test_makefile.py": "Makefile",
    "tests/test_packaging.py": "pyproject.toml",
    "tests/test_tree.py": ".gitignore",
}


def tracked() -> list[str]:
    """Return every file that git tracks, or would once added; without git, every source and text."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        folders = ("bench", "exporters", "latbench", "tests")
        found = [*ROOT.glob("*.*"), *(path for name in folders for path in (ROOT / name).rglob("*.*"))]
        return [
            path.relative_to(ROOT).as_posix() for path in found if path.suffix != ".pyc" and path.is_file()
        ]
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


FILES = tracked()
SOURCES = [name for name in FILES if name.endswith(".py")]
PACKAGED = [name for name in SOURCES if name.startswith(("exporters/", "latbench/"))]
TESTS = [name for name in SOURCES if PurePosixPath(name).name.startswith("test_")]


def mirror(module: str) -> str:
    """Return where the test of `module` stands: that of a/b.py in tests/a/test_b.py."""
    path = PurePosixPath(module)
    return str(PurePosixPath("tests") / path.parent / f"test_{path.stem.strip('_')}.py")


def covering(module: str) -> Iterator[str]:
    """Yield the keys of COVERED that hold `module`."""
    yield from (key for key in COVERED if module == key or module.startswith(f"{key}/"))


def untested(modules: list[str], tests: list[str]) -> list[str]:
    """Return the modules without a test; an `__init__` needs one only once it has been written."""
    wanted = [name for name in modules if not name.endswith("/__init__.py")]
    return [name for name in wanted if mirror(name) not in tests and not any(covering(name))]


def bare(text: str) -> bool:
    """Tell whether a module's docstring is missing or says nothing (under four words)."""
    return len((ast.get_docstring(ast.parse(text)) or "").split()) < 4


def overlong(text: str) -> bool:
    """Tell whether a source has over LONG lines and no comment in its first ten that says why."""
    lines = text.splitlines()
    return len(lines) > LONG and not REASON.search("\n".join(lines[:10]))


def leaks(text: str) -> list[str]:
    """Return the paths of one machine and the registry addresses in a text."""
    homes = ["/" + "root/", "/" + r"home/\w+/", "/" + r"Users/\w+/", "/" + "work/", re.escape(f"{ROOT}/")]
    hosts = [
        r"\.".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("pytorch", "org/whl"))
    ]
    return re.findall("|".join(rf"(?<!\w){home}" for home in homes) + "|" + "|".join(hosts), text)


def told(reason: str, found: list[str]) -> str:
    """Return the message of a failed check: the reason, then what broke it, one a line."""
    return "\n  ".join([reason, *found])


def test_every_module_has_a_test():
    missing = untested(PACKAGED, TESTS)
    assert not missing, told(
        "write the mirrored test file, or name in COVERED the one that tests it", missing
    )


def test_the_list_of_exceptions_has_not_rotted():
    for key, test in COVERED.items():
        held = [name for name in PACKAGED if key in covering(name) and not name.endswith("/__init__.py")]
        assert held, f"COVERED names {key}, which is gone"
        assert test in TESTS, f"COVERED names {test}, which is gone"
        assert any(mirror(name) not in TESTS for name in held), f"{key} has tests of its own: take it out"
    gone = [name for pair in WHOLE.items() for name in pair if not (ROOT / name).exists()]
    assert not gone, told("WHOLE names what is gone", gone)


def test_no_test_has_lost_its_module():
    known = {*map(mirror, PACKAGED), *COVERED.values(), *WHOLE}
    lost = sorted(set(TESTS) - known)
    assert not lost, told("rename it with its module, or say in WHOLE what it looks at", lost)


def test_every_package_says_what_it_is():
    silent = [
        name for name in PACKAGED if name.endswith("/__init__.py") and bare((ROOT / name).read_text("utf-8"))
    ]
    assert not silent, told("a newcomer reads a folder's docstring before its files", silent)


def test_every_folder_of_modules_is_a_package():
    folders = {PurePosixPath(name).parent for name in PACKAGED}
    bald = [str(folder) for folder in folders if f"{folder}/__init__.py" not in PACKAGED]
    assert not bald, told("without an __init__.py the wheel leaves it out", bald)


def test_no_file_is_a_pile():
    piles = [name for name in SOURCES if overlong((ROOT / name).read_text("utf-8"))]
    assert not piles, told(f"over {LONG} lines: make two of it, or begin it with '# Long because ...'", piles)


def test_no_file_tells_of_one_machine():
    local = []
    for name in FILES:
        try:
            found = leaks((ROOT / name).read_text("utf-8"))
        except UnicodeDecodeError:
            continue
        local += [f"{name}: {words}" for words in found]
    assert not local, told("a path or a registry of one machine is of no use on another", local)


def test_the_map_of_the_house_is_true():
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = [path.partition("<")[0] for path in re.findall(r"`([\w./<>-]+/[\w./<>-]*)`", page)]
    gone = [path for path in named if not any(f"/{path}" in f"/{name}" for name in FILES)]
    rooms = {str(PurePosixPath(*PurePosixPath(name).parts[:2])) for name in PACKAGED if name.count("/") > 1}
    unnamed = sorted(room for room in rooms if room.startswith("latbench/") and f"`{room}/`" not in page)
    assert named
    assert not gone + unnamed, told(
        "ARCHITECTURE.md names what is gone, or leaves out a room", gone + unnamed
    )


def test_a_planted_breach_is_seen():
    assert untested(["latbench/stats/planted.py"], TESTS) == ["latbench/stats/planted.py"]
    assert not untested(["latbench/stats/planted.py"], ["tests/latbench/stats/test_planted.py"])
    assert bare('"""."""')
    assert bare("x = 1")
    assert not bare('"""Statistics, one a file."""')
    assert overlong("x = 1\n" * (LONG + 1))
    assert not overlong("x = 1\n" * LONG)
    assert not overlong("# Long because it is one table of figures.\n" + "x = 1\n" * LONG)
    assert leaks(f"see {ROOT}/README.md")
    assert leaks("see /" + "home/ada/latbench")
    assert leaks("--index-url https://download." + "pytorch" + ".org/whl/cpu")
    assert not leaks("results/home/ada, pytorch, a/" + "work/b")
