"""What a cell needs before it can be launched, as plain values that travel between processes."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from exporters.artifact import Artifact
from latbench.pipeline.export import counted
from latbench.pipeline.own.inputs import shapes_text
from latbench.runtimes.base import Source

EAGER_FP32 = "eager fp32"
UNOPTIMISED = "onnxruntime, graph optimisations off"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a runtime is to load, what its outputs must equal, and what is known of both; unknown is None.

    Paths are absolute. The fields are those of `records.CellPlan`.
    """

    source: Source
    input_shape: str
    artifact_path: str | None = None
    artifact_sha256: str
    artifact_bytes: int | None = None
    opset: int | None = None
    reference: str | None = None
    reference_kind: str | None = None
    input_sha256: str | None = None
    params: int | None = None
    macs: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote."""
        return cls(**{**values, "source": Source.from_json(values["source"])})


def of_artifact(artifact: Artifact) -> Prepared:
    """Return what the cells that run `artifact` need."""
    stated = artifact.manifest["provenance"]
    path = artifact.path.resolve()
    return Prepared(
        source=Source("onnx", path=str(path)),
        input_shape=shapes_text([one["shape"] for one in artifact.manifest["inputs"]]),
        artifact_path=str(path),
        artifact_sha256=artifact.sha256,
        artifact_bytes=artifact.bytes,
        opset=artifact.opset,
        reference=str(artifact.reference.resolve()),
        reference_kind=EAGER_FP32,
        input_sha256=inputs_sha256(artifact.reference),
        params=counted(stated, "params"),
        macs=counted(stated, "macs"),
    )


def inputs_sha256(reference: Path) -> str:
    """Return the SHA-256 over types, shapes and bytes of the inputs in a reference file, in their order."""
    digest = hashlib.sha256()
    with np.load(reference) as arrays:
        for name in arrays.files:
            if name.startswith("input:"):
                add_array(digest, "", arrays[name])  # runtimes name inputs differently
    return digest.hexdigest()


def add_array(digest: Any, name: str, array: np.ndarray) -> None:
    """Feed `digest` with a named array."""
    digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
    digest.update(np.ascontiguousarray(array).data)
