"""Finish: the same graph always gives the same bytes, and the file says where it came from."""

from collections.abc import Mapping
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

TOOLS = ("torch", "onnx", "onnxscript", "onnx_ir", "onnxsim", "onnxruntime", "numpy")


def finish(model: "onnx.ModelProto", name: str, provenance: Mapping[str, str]) -> None:
    """Strip what varies between machines from `model` (stack traces, paths, notes); record its provenance."""
    _strip(model.graph)
    for function in model.functions:
        for item in (function, *function.node):
            _clear(item, "doc_string", "metadata_props")
        _clear(function, "value_info")
    _clear(model, "doc_string", "metadata_props", "model_version")
    model.graph.name = name
    model.producer_name, model.producer_version = "latbench", versions().get("latbench", "")
    facts = {
        **{f"version.{tool}": version for tool, version in versions().items()},
        **provenance,
        "name": name,
    }
    for key, value in sorted(facts.items()):
        entry = model.metadata_props.add()
        entry.key, entry.value = f"latbench.{key}", value


def _strip(graph: "onnx.GraphProto") -> None:
    _clear(graph, "value_info", "doc_string", "metadata_props")
    for item in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        _clear(item, "doc_string", "metadata_props")
    for node in graph.node:
        for attribute in node.attribute:
            _clear(attribute, "doc_string")
            for branch in (attribute.g, *attribute.graphs) if attribute.HasField("g") else attribute.graphs:
                _strip(branch)


def _clear(message: "onnx.ModelProto | onnx.GraphProto | onnx.NodeProto", *fields: str) -> None:
    for field in fields:
        message.ClearField(field)


def versions() -> dict[str, str]:
    """Return the installed versions of the tools an export goes through, by distribution name."""
    found = {}
    for tool in ("latbench", *TOOLS):
        try:
            found[tool] = metadata.version(tool)
        except metadata.PackageNotFoundError:
            continue
    return found
