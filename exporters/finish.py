"""Finish: the same graph always gives the same bytes, and the file says where it came from."""

import os
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

TOOLS = ("torch", "onnx", "onnxscript", "onnx_ir", "onnxsim", "onnxruntime", "numpy")


def finish(model: "onnx.ModelProto", name: str, provenance: Mapping[str, str]) -> None:
    """Strip what varies between machines (stack traces, paths, notes) from `model` and record its provenance."""
    graph = model.graph
    for node in graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.ClearField("doc_string")
        value.ClearField("metadata_props")
    for field in ("value_info", "doc_string", "metadata_props"):
        graph.ClearField(field)
    for field in ("doc_string", "metadata_props", "functions", "model_version"):
        model.ClearField(field)
    graph.name = name
    model.producer_name, model.producer_version = "latbench", versions().get("latbench", "")
    facts = {**{f"version.{tool}": version for tool, version in versions().items()}, **provenance, "name": name}
    for key, value in sorted(facts.items()):
        entry = model.metadata_props.add()
        entry.key, entry.value = f"latbench.{key}", value


def versions() -> dict[str, str]:
    """Return the installed versions of the tools an export goes through, by distribution name."""
    found = {}
    for tool in ("latbench", *TOOLS):
        try:
            found[tool] = metadata.version(tool)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
