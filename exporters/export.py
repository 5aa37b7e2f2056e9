"""Export: capture, simplify, passes for the target, the gate after each, then one file with one hash."""

import hashlib
import io
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exporters import wholefile
from exporters.artifact import MANIFEST_SCHEMA, Artifact
from exporters.capture import Captured, capture
from exporters.circular.compact import compact
from exporters.circular.lower import Lowered, lower
from exporters.circular.match import sites
from exporters.circular.request import Request
from exporters.errors import InputError
from exporters.finish import finish, versions
from exporters.gate import check, first_departure, limits_for, refuse
from exporters.involution.choice import chooser
from exporters.involution.lower import Chooser
from exporters.involution.lower import Lowered as Involved
from exporters.involution.lower import lower as lower_involutions
from exporters.lowerings.name import AUTO
from exporters.memory import peak_mib, reset_peak
from exporters.parity import Parity, ParityLimits
from exporters.passes import passes
from exporters.simplify import simplify
from exporters.targets import FIRST, passes_for

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir
    import torch

DEFAULT_OPSET = 20
LITERAL = "dft_op"
"""The lowering that keeps transforms as ONNX's DFT operator, a module's own ones too."""

LARGEST = 2**31 - 2**24
"""Bytes of weights that fit one file: a protobuf message ends at 2 GiB, and the graph takes its part."""


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
    lowering: str = AUTO,
    involution: str = AUTO,
    threads: int = 1,
    table: Path | None = None,
    machine: str | None = None,
    captured: Captured | None = None,
) -> Artifact:
    """Return the artifact written to the folder `output`: `<stem>.onnx`, its manifest and its reference.

    `module` runs in eval mode at the static shapes of `example_inputs` (images are (N, 3, H, W)). The same
    module, inputs and versions give the same bytes. `lowering` says how circular correlations (ParC) are
    written; "auto" chooses by what was measured for `target` and `threads`, in the file `table` and in the
    package's own table, `machine` being the processor here, if known, to say whose measurements they are.
    `involution` says the same of involutions; "auto" chooses by target and shape, "unfold" leaves them.
    `captured`, of the same module and inputs, saves tracing them again; it is not changed. `limits` default
    to those of the coarsest type that the module computes with.

    Raises ExportError when the graph captured, simplified or rewritten for `target` is out of parity with the
    eager outputs, InputError for unusable input, and OSError when `output` cannot be written; each leaves the
    files there as they were.
    """
    chosen = passes_for(target)
    request = Request(lowering, target, threads, table, machine)
    involutions = chooser(involution, target)
    fresh_peak, started = reset_peak(), time.perf_counter()
    if captured is None:
        fourier = LITERAL if lowering == LITERAL else "lowered"
        captured = capture(module, example_inputs, opset, input_names, output_names, fourier=fourier)
    limits = limits or limits_for(captured)
    _check_size(captured.model, f"{name} is over 2 GiB and cannot be one ONNX file; export a smaller model.")
    stated = {"target": target, "passes": ",".join(chosen), **(provenance or {})}
    plan = _Plan(name, opset, chosen, limits, stated, request, (involution, involutions))
    stages, parities, lowered, involved = _stages(captured, plan)
    path = output / f"{stem or name}.onnx"
    reference = path.with_suffix(".npz")
    data = stages["simplified"].SerializeToString(deterministic=True)
    manifest: dict[str, Any] = {
        "schema": MANIFEST_SCHEMA,
        "name": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "opset": opset,
        "target": target,
        "passes": list(chosen),
        **request.stated(lowered),
        "sites": [site.to_json() for site in lowered],
        "involutions": [site.to_json() for site in involved],
        "nodes": {stage: _histogram(model) for stage, model in stages.items()},
        "parity": {stage: parity.to_json() for stage, parity in parities.items()},
        "limits": asdict(limits),
        "sensitivity": captured.sensitivity,
        "inputs": _described(captured.inputs),
        "outputs": _described(captured.outputs),
        "versions": versions(),
        "provenance": dict(provenance or {}),
        "wall_s": round(time.perf_counter() - started, 2),
        "peak_memory_mib": peak_mib(),
        "peak_memory_since": "the export's start" if fresh_peak else "the process's start",
        "reference": reference.name,
    }
    told = json.dumps(manifest, indent=1, allow_nan=False).encode() + b"\n"
    output.mkdir(parents=True, exist_ok=True)
    wholefile.write_together({path: data, reference: _packed(captured), path.with_suffix(".json"): told})
    return Artifact(path, manifest)


@dataclass(frozen=True)
class _Plan:
    """What the graph of one export goes through, and what the file will state of it."""

    name: str
    opset: int
    passes: Sequence[str]
    limits: ParityLimits
    stated: dict[str, str]
    request: Request
    involution: tuple[str, Chooser]


def _stages(
    captured: Captured, plan: _Plan
) -> "tuple[dict[str, onnx.ModelProto], dict[str, Parity], list[Lowered], list[Involved]]":
    """Return the graph and its parity at each stage, what circular correlations and what involutions became.

    Raises at the first stage that is out of parity. Stages: `captured`, `cleaned` (onnxsim without merging
    MatMul and Add), `circular` (each circular correlation in the form chosen), `involution` (each of those),
    `lowered` (the passes) and `simplified` (onnxsim in full, then stripped and with what is `stated` of it),
    which is what is written.
    """
    import onnx_ir as ir

    name, limits = plan.name, plan.limits
    stages: dict[str, onnx.ModelProto] = {}
    parities: dict[str, Parity] = {}

    def admit(stage: str, model: "onnx.ModelProto", where: str, *, find: bool = False) -> None:
        stages[stage], parities[stage] = model, check(model, captured, plan.opset, f"{name} {where}")
        if not limits.passes(parities[stage]):
            culprit = first_departure(model, captured, limits) if find else None
            raise refuse(f"{name} {where}", parities[stage], limits, culprit)

    def keep(stage: str, earlier: str) -> None:
        stages.setdefault(stage, stages[earlier])
        parities.setdefault(stage, parities[earlier])

    if not captured.admitted:
        admit("captured", ir.to_proto(captured.model), "as captured", find=True)
        admit("cleaned", simplify(stages["captured"], gemm=False), "after onnxsim", find=True)
        captured.admitted.update({stage: (stages[stage], parities[stage]) for stage in stages})
    for stage, (model, parity) in captured.admitted.items():
        if not limits.passes(parity):
            raise refuse(f"{name}, stage {stage},", parity, limits, None)
        stages[stage], parities[stage] = model, parity
    graph, rewrites, lowered = ir.from_proto(stages["cleaned"]), passes(), list[Lowered]()
    if sites(graph):
        for step in FIRST:
            rewrites[step].apply(graph)
        lowered = lower(graph, plan.request.chooser(), plan.request.asked)
        asked = plan.request.asked
        _check_size(graph, f"{name} is over 2 GiB with the lowering {asked}; use another, such as spatial.")
        admit("circular", ir.to_proto(graph), f"with the lowering {asked}")
    keep("circular", "cleaned")
    way, decide = plan.involution
    involved = lower_involutions(graph, decide, way)
    if any(site.changed for site in involved):
        admit("involution", ir.to_proto(graph), f"with the lowering {way} of involutions")
    keep("involution", "circular")
    for step in plan.passes:
        if rewrites[step].apply(graph):
            admit("lowered", ir.to_proto(graph), f"after the pass {step}")
    keep("lowered", "involution")
    final = simplify(stages["lowered"])
    if lowered:
        compact(final, conv=plan.request.target != "tensorrt")
    noted = {"involution": ",".join(site.used for site in involved)} if involved else {}
    finish(final, name, plan.stated | plan.request.noted(lowered) | noted)
    admit("simplified", final, "after the passes and onnxsim")
    return stages, parities, lowered, involved


def _check_size(model: "ir.Model", refusal: str) -> None:
    weights = [value.const_value for value in model.graph.initializers.values()]
    if sum(tensor.nbytes for tensor in weights if tensor is not None) >= LARGEST:
        raise InputError(refusal)


def _histogram(model: "onnx.ModelProto") -> dict[str, int]:
    return dict(sorted(Counter(node.op_type for node in model.graph.node).items()))


def _described(arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
        for name, array in arrays.items()
    ]


def _packed(captured: Captured) -> bytes:
    """Return the reference file: the example inputs and the eager outputs, by kind and name."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {f"input:{name}": array for name, array in captured.inputs.items()}
    arrays |= {f"output:{name}": array for name, array in captured.outputs.items()}
    np.savez(buffer, **arrays)
    return buffer.getvalue()
