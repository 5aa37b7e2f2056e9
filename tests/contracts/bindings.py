"""The real binding modules of TensorRT, imported over stub libraries: what a test may ask about them.

The wheels hold only the Python side. They are linked against three libraries, which a machine with a GPU has;
here each has a stub of the same name whose functions return a null pointer. So every class is there with its
methods, signatures, properties and enumerations, and no object of the library itself can be made.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import signatures
import stubs

HERE = Path(__file__).parent
WHEELS = Path(sys.prefix) / "contracts"
MAJORS = (10, 11)
# What the module asks of each library, in both versions: its undefined symbols but those of C, C++, Python.
IMPORTED = {
    "libnvinfer": (
        "createInferBuilder_INTERNAL",
        "createInferRefitter_INTERNAL",
        "createInferRuntime_INTERNAL",
        "getBuilderPluginRegistry",
        "getPluginRegistry",
    ),
    "libnvinfer_plugin": ("initLibNvInferPlugins",),
    "libnvonnxparser": (
        "createNvOnnxParserRefitter_INTERNAL",
        "createNvOnnxParser_INTERNAL",
        "getNvOnnxParserVersion",
    ),
}


def why_not(major: int) -> str | None:
    """Return why the bindings of that version cannot be looked at here; None when they can."""
    if not (wheel(major) / "tensorrt_bindings").is_dir():
        return (
            f"the bindings of TensorRT {major} are not installed: `make setup` does it where there is a wheel"
        )
    if platform.machine() not in stubs.MACHINES or not sys.platform.startswith("linux"):
        return f"no stub libraries for {sys.platform} on {platform.machine()}"
    return None


def wheel(major: int) -> Path:
    """Return the folder that the wheel is unpacked into."""
    return WHEELS / f"tensorrt-{major}"


def libraries(folder: Path, major: int) -> Path:
    """Write the stub libraries of that version into `folder` and return it."""
    for name, functions in IMPORTED.items():
        soname = f"{name}.so.{major}"
        stubs.library(folder / soname, soname, functions, platform.machine())
    return folder


def environment(folder: Path, major: int) -> dict[str, str]:
    """Return the environment of a process that finds the bindings, and the stub libraries in `folder`."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**outer, "LD_LIBRARY_PATH": str(folder), "PYTHONPATH": str(wheel(major))}


def run(folder: Path, major: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Return what a process of this Python does that finds them."""
    return subprocess.run(
        (sys.executable, *arguments),
        env=environment(folder, major),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def described(folder: Path, major: int) -> dict[str, Any]:
    """Return what that version offers; see describe.py."""
    done = run(folder, major, str(HERE / "describe.py"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def everything(offered: dict[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    """Yield what a class or the module ("") has: its signatures, whether it can be set, or None."""
    for kind, held in offered["classes"].items():
        for name, (told,) in held["methods"].items():
            yield (kind, name), signatures.read(told)
        for name, (_, writable) in held["properties"].items():
            yield (kind, name), writable
        for name in held["members"]:
            yield (kind, name), None
        yield ("", kind), signatures.read(held["methods"]["__init__"][0]) or None
    for name, (told,) in offered["functions"].items():
        yield ("", name), signatures.read(told)
    yield from ((("", name), None) for name in ("__version__", *offered["values"]))
