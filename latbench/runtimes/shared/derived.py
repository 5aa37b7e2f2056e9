"""What is made of an artifact and kept beside it, engines and converted files: where, and by which name."""

import ast
import hashlib
import importlib.util
import json
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from latbench.runtimes.shared import onnxfile

FOLDER = "engines"
_OURS = ("exporters", "latbench")
_GRAPH, _INITIALIZER, _EXTERNAL, _KEY, _VALUE = 7, 5, 13, 1, 2


def name(key: Mapping[str, Any]) -> str:
    """Return the file name, without a suffix, of what was made for `key` (JSON values)."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]


def source_sha256(path: Path) -> str:
    """Return the SHA-256 of the ONNX file at `path` and of the weights it keeps in files of their own."""
    digest = hashlib.sha256()
    for file in (path, *(path.parent / name for name in external(path))):
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()


def code_sha256(*modules: str) -> str:
    """Return the SHA-256 of the sources of `modules`, by dotted name, and of all of ours that they import.

    What they make changes with them. Imports inside functions count; packages that only hold a module do not.
    """
    sources: dict[str, bytes] = {}
    left = list(modules)
    while left:
        module = left.pop()
        file = _file(module)
        if file is not None and module not in sources:
            sources[module] = file.read_bytes()
            left += _imports(sources[module])
    digest = hashlib.sha256()
    for module, source in sorted(sources.items()):
        digest.update(hashlib.sha256(f"{module}\n".encode() + source).digest())
    return digest.hexdigest()


def _file(module: str) -> Path | None:
    """Return the source of `module`, None for what is none of ours, or no module."""
    package, *rest = module.split(".")
    found = importlib.util.find_spec(package) if package in _OURS else None
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        place = Path(folder, *rest)
        for file in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if file.is_file():
                return file
    return None


def _imports(source: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield node.module if _file(inside) is None else inside


def external(path: Path) -> tuple[str, ...]:
    """Return the files in which the initializers of the ONNX file at `path` are kept, sorted, () for none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return tuple(sorted(set(_locations(data))))


def _locations(data: mmap.mmap) -> Iterator[str]:
    for graph in onnxfile.spans(data, (0, len(data)), _GRAPH):
        for tensor in onnxfile.spans(data, graph, _INITIALIZER):
            for entry in onnxfile.spans(data, tensor, _EXTERNAL):
                words = {number: data[span[0] : span[1]] for number, span in _texts(data, entry)}
                if words.get(_KEY) == b"location":
                    yield words.get(_VALUE, b"").decode()


def _texts(data: mmap.mmap, entry: onnxfile.Span) -> Iterator[tuple[int, onnxfile.Span]]:
    for number, value in onnxfile.fields(data, entry):
        if not isinstance(value, int):
            yield number, value
