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
from exporters.errors import InputError
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
    final = stages["simplified"]
    finish(final, name, {"target": target, "passes": ",".join(chosen), **(provenance or {})})
    path = output / f"{stem or name}.onnx"
    data = final.SerializeToString(deterministic=True)
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
    """Return the graph and its parity at each stage; raises at the first stage that is out of parity.

    Stages: `captured`, `cleaned` (onnxsim without merging MatMul and Add), `lowered` (the passes), `simplified`
    (onnxsim in full): the last is what is written.
    """
    import onnx_ir as ir

    stages: dict[str, onnx.ModelProto] = {}
    parities: dict[str, Parity] = {}

    def admit(stage: str, model: "onnx.ModelProto", where: str, *, find: bool = False) -> None:
        stages[stage], parities[stage] = model, check(model, captured, opset)
        if not limits.passes(parities[stage]):
            culprit = first_departure(model, captured, limits) if find else None
            raise refuse(name, where, parities[stage], limits, culprit)

    admit("captured", ir.to_proto(captured.model), "as captured", find=True)
    admit("cleaned", simplify(stages["captured"], gemm=False), "after onnxsim", find=True)
    model, rewrites = ir.from_proto(stages["cleaned"]), passes()
    for step in chosen:
        if rewrites[step].apply(model):
            admit("lowered", ir.to_proto(model), f"after the pass {step}")
    stages.setdefault("lowered", stages["cleaned"])
    parities.setdefault("lowered", parities["cleaned"])
    admit("simplified", simplify(stages["lowered"]), "after the passes and onnxsim")
    return stages, parities


def _histogram(model: "onnx.ModelProto") -> dict[str, int]:
    return dict(sorted(Counter(node.op_type for node in model.graph.node).items()))


def _described(arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
        for name, array in arrays.items()
    ]


def _write_reference(path: Path, captured: Captured) -> None:
    arrays = {f"input:{name}": array for name, array in captured.inputs.items()}
    arrays |= {f"output:{name}": array for name, array in captured.outputs.items()}
    np.savez(path, allow_pickle=False, **arrays)
