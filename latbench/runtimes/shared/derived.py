"""What is made of an artifact and kept beside it, engines and converted files: where, and by which name."""

import hashlib
import json
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from latbench.runtimes.shared import onnxfile

FOLDER = "engines"
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


def code_sha256(module: ModuleType) -> str:
    """Return the SHA-256 of the Python sources of `module`: what it makes changes with them."""
    file = Path(str(module.__file__))
    digest = hashlib.sha256()
    for source in sorted(file.parent.rglob("*.py")) if file.stem == "__init__" else (file,):
        digest.update(source.read_bytes())
    return digest.hexdigest()


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
