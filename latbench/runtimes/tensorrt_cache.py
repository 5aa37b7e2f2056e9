"""Engines kept beside their artifact, each for exactly what it was built of, by and for."""

import hashlib
import json
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from exporters import wholefile
from latbench.runtimes import onnxfile

FOLDER = "engines"
_DRIVER = Path("/sys/module/nvidia/version")
_GRAPH, _INITIALIZER, _EXTERNAL, _KEY, _VALUE = 7, 5, 13, 1, 2


@dataclass(frozen=True)
class Kept:
    """A serialised engine and what was written down when it was built (JSON values)."""

    plan: bytes
    told: Mapping[str, Any]


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


def driver() -> str | None:
    """Return the version of the NVIDIA kernel module, None where the system does not tell."""
    try:
        return _DRIVER.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def name(key: Mapping[str, Any]) -> str:
    """Return the file name, without a suffix, of what was made for `key` (JSON values)."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]


def read(folder: Path, key: Mapping[str, Any]) -> Kept | str | None:
    """Return the engine kept for `key`, None where there is none, or a phrase on why the one there is no use.

    Each part of the key stands in its JSON and is compared; so is the hash of the engine.
    """
    stem = name(key)
    try:
        told = json.loads((folder / f"{stem}.json").read_text(encoding="utf-8"))
        plan = (folder / f"{stem}.engine").read_bytes()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return f"the engine kept cannot be read ({error})"
    if not isinstance(told, dict) or told.get("key") != dict(key):
        return "the engine kept was made for something else"
    if told.get("sha256") != hashlib.sha256(plan).hexdigest():
        return "the engine kept is damaged"
    return Kept(plan, told)


def write(folder: Path, key: Mapping[str, Any], kept: Kept) -> str | None:
    """Keep an engine and its JSON, both or none; return why it could not be kept, None when it was."""
    stem = name(key)
    told = {**kept.told, "key": dict(key), "sha256": hashlib.sha256(kept.plan).hexdigest()}
    text = json.dumps(told, indent=1, sort_keys=True) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wholefile.write_together(
            {folder / f"{stem}.engine": kept.plan, folder / f"{stem}.json": text.encode()}
        )
    except OSError as error:
        return f"the engine could not be kept ({error})"
    return None
