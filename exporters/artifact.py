"""The artifact: one ONNX file, the manifest beside it, and the reference outputs it must reproduce."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST_SCHEMA = 1


@dataclass(frozen=True)
class Artifact:
    """An exported file and what is known of it.

    `path` is the `.onnx` file; beside it stand the manifest (`.json`) and the reference (`.npz`, arrays
    `input:<name>` and `output:<name>`, eager fp32).
    """

    path: Path
    manifest: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file, in hex."""
        return str(self.manifest["sha256"])

    @property
    def opset(self) -> int:
        """The opset of the default domain, read back from the file."""
        return int(self.manifest["opset"])

    @property
    def target(self) -> str:
        """The target whose passes made the graph."""
        return str(self.manifest["target"])

    @property
    def bytes(self) -> int:
        """The size of the file."""
        return int(self.manifest["bytes"])

    @property
    def reference(self) -> Path:
        """The file of example inputs and eager fp32 outputs."""
        return self.path.with_suffix(".npz")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file at `path`, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load(path: Path, *, hashed: bool = True) -> Artifact | None:
    """Return the artifact at `path`, or None when its manifest is missing, unreadable or of another file.

    Not `hashed`, the file's size is compared instead of its hash, which is quicker and proves less.
    """
    try:
        manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        same = manifest["sha256"] == sha256_of(path) if hashed else manifest["bytes"] == path.stat().st_size
        whole = manifest["schema"] == MANIFEST_SCHEMA and same
    except (OSError, ValueError, KeyError, TypeError):
        return None
    artifact = Artifact(path, manifest)
    return artifact if whole and artifact.reference.exists() else None
