"""Export: capture, simplify, passes for the target, the gate after each, then one file with one hash."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exporters.artifact import MANIFEST_SCHEMA, Artifact, sha256_of
from exporters.capture import Captured, capture
from exporters.errors import ExportError, InputError
from exporters.finish import finish, versions, write_whole
from exporters.gate import check, first_departure, refuse
from exporters.memory import peak_mib, reset_peak
from exporters.parity import Parity, ParityLimits
from exporters.passes import passes
from exporters.simplify import simplify
from exporters.targets import passes_for

if TYPE_CHECKING:
    import onnx
    import torch

DEFAULT_OPSET = 20


def export(
    module: "torch.nn.Module",
    example_inputs: "tuple[torch.Tensor, ...]",
    *,
    name: str,
    output: Path,
    opset: int = DEFAULT_OPSET,
    target: str = "portable",
    stem: str | None = None,
    provenance: Mapping[str, str] | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    limits: ParityLimits | None = None,
) -> Artifact:
    """Return the artifact written to the folder `output`: `<stem>.onnx`, its manifest and its reference outputs.

    `module` runs in eval mode at the static shapes of `example_inputs` (images are (N, 3, H, W)). The same module,
    inputs and versions give the same bytes. Raises ExportError, with nothing written, when the graph captured,
    simplified or rewritten for `target` is out of parity with the eager outputs; InputError for unusable input.
    """
    chosen, limits = passes_for(target), limits or ParityLimits()
    fresh_peak, started = reset_peak(), time.perf_counter()
    captured = capture(module, example_inputs, opset, input_names, output_names)
    stages, parities = _stages(name, captured, chosen, opset, limits)
    lowered = stages["lowered"]
    finish(lowered, name, {"target": target, "passes": ",".join(chosen), **(provenance or {})})
    path = output / f"{stem or name}.onnx"
    data = lowered.SerializeToString(deterministic=True)
    if len(data) >= 2**31:
        raise InputError(f"{name} is over 2 GiB and cannot be one ONNX file; export a smaller model.")
    output.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
    _write_reference(path.with_suffix(".npz"), captured)
    manifest: dict[str, Any] = {
        "schema": MANIFEST_SCHEMA,
        "name": name,
        "sha256": sha256_of(path),
        "bytes": len(data),
        "opset": opset,
        "target": target,
        "passes": list(chosen),
        "nodes": {stage: _histogram(model) for stage, model in stages.items()},
        "parity": {stage: parity.to_json() for stage, parity in parities.items()},
        "limits": {"max_rel": limits.max_rel, "cosine": limits.cosine},
        "sensitivity": captured.sensitivity,
        "inputs": _described(captured.inputs),
        "outputs": _described(captured.outputs),
        "versions": versions(),
        "provenance": dict(provenance or {}),
        "wall_s": round(time.perf_counter() - started, 2),
        "peak_memory_mib": peak_mib(),
        "peak_memory_since": "the export's start" if fresh_peak else "the process's start",
        "reference": path.with_suffix(".npz").name,
    }
    write_whole(path.with_suffix(".json"), json.dumps(manifest, indent=1).encode() + b"\n")
    return Artifact(path, manifest)


def _stages(
    name: str, captured: Captured, chosen: Sequence[str], opset: int, limits: ParityLimits
) -> "tuple[dict[str, onnx.ModelProto], dict[str, Parity]]":
    """Return the graph and its parity as captured, simplified and lowered; raises at the first out of parity."""
    import onnx_ir as ir

    first = ir.to_proto(captured.model)
    stages = {"captured": first}
    parities = {"captured": check(first, captured, opset)}
    if not limits.passes(parities["captured"]):
        raise refuse(
            name, "as captured", parities["captured"], limits, first_departure(first, captured, limits)
        )
    stages["simplified"] = simplify(first)
    parities["simplified"] = check(stages["simplified"], captured, opset)
    if not limits.passes(parities["simplified"]):
        raise refuse(
            name,
            "after onnxsim",
            parities["simplified"],
            limits,
            first_departure(stages["simplified"], captured, limits),
        )
    model = ir.from_proto(stages["simplified"])
    rewrites = passes()
    for step in chosen:
        if rewrites[step].apply(model):
            parity = check(ir.to_proto(model), captured, opset)
            if not limits.passes(parity):
                raise refuse(name, f"after the pass {step}", parity, limits, None)
    stages["lowered"] = ir.to_proto(model)
    parities["lowered"] = check(stages["lowered"], captured, opset)
    if not limits.passes(parities["lowered"]):
        raise refuse(name, "as lowered", parities["lowered"], limits, None)
    return stages, parities


def _histogram(model: "onnx.ModelProto") -> dict[str, int]:
    return dict(sorted(Counter(node.op_type for node in model.graph.node).items()))


def _described(arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)} for name, array in arrays.items()
    ]


def _write_reference(path: Path, captured: Captured) -> None:
    arrays = {f"input:{name}": array for name, array in captured.inputs.items()}
    arrays |= {f"output:{name}": array for name, array in captured.outputs.items()}
    np.savez(path, allow_pickle=False, **arrays)


__all__ = ["DEFAULT_OPSET", "ExportError", "export"]
