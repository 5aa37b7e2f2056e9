"""An artifact in half precision, for what has no switch for it: its graph converted by the exporters."""

import importlib
import importlib.util
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from exporters.errors import ExportError, InputError
from latbench.errors import BadInput, EnvironmentFault
from latbench.runtimes.shared import derived

_NEEDED = {"onnx": "onnx", "onnx_ir": "onnx-ir"}
"""The packages that the conversion imports, and the distributions they come in."""


def possible() -> bool:
    """Tell whether the packages that the conversion needs are here."""
    return all(importlib.util.find_spec(module) is not None for module in _NEEDED)


def converted(path: Path, precision: str) -> bytes:
    """Return the ONNX file at `path` in `precision`, "fp16" or "bf16": inputs and outputs keep their types.

    BadInput when the graph cannot be converted; EnvironmentFault when a package for it is missing.
    """
    try:
        for module in _NEEDED:
            importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            f"{precision} is computed here from a converted graph, which needs {' and '.join(_NEEDED)}; "
            f'pip install "onnx>=1.20" {_NEEDED["onnx_ir"]}.'
        ) from error
    import onnx

    from exporters.precision import convert

    try:
        return convert(onnx.load(path), precision).SerializeToString()
    except (ExportError, InputError, ValueError) as error:
        raise BadInput(f"{path.name} cannot be converted to {precision}: {error}") from error


def maker() -> dict[str, str | None]:
    """Return what a converted graph depends on beside the file: our sources, versions of the packages."""
    versions = {name: _version(name) for name in _NEEDED.values()}
    return {"code": derived.code_sha256("exporters.precision"), **versions}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
