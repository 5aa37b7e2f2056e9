"""The gate: a graph that does not compute what the module computes is not written."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.errors import ExportError, first_line
from exporters.execute import execute
from exporters.parity import Parity, ParityLimits, compare, limits_of

if TYPE_CHECKING:
    import onnx

    from exporters.capture import Captured


def check(model: "onnx.ModelProto", captured: "Captured", opset: int, subject: str) -> Parity:
    """Return the parity of `model` with the eager module, after the checker and the opset read back.

    `subject` says in an error which graph of which model this is. Raises ExportError when it is not valid
    ONNX, is of another opset than `opset`, does not run, or lacks an output.
    """
    import onnx

    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise _refused(subject, f"is not valid ONNX: {first_line(error)}") from error
    found = {item.domain: item.version for item in model.opset_import}.get("")
    if found != opset:
        raise _refused(subject, f"says opset {found} where {opset} was asked for")
    try:
        outputs = execute(model.SerializeToString(), captured.inputs)
    except Exception as error:
        raise _refused(subject, f"does not run: {first_line(error)}") from error
    lost = ", ".join(name for name in captured.outputs if name not in outputs)
    if lost:
        raise _refused(subject, f"has lost the output {lost}")
    return compare(outputs, captured.outputs)


def limits_for(captured: "Captured") -> ParityLimits:
    """Return the limits by the coarsest floating type that the traced program computes with.

    Those of float32, unless values are rounded to float16 or bfloat16; then it counts how many operators
    round to these. Weights alone round nothing: both sides have the same.
    """
    import torch

    found = [
        torch.finfo(value.dtype).eps
        for node in captured.program.graph.nodes
        if node.op == "call_function" and isinstance(value := node.meta.get("val"), torch.Tensor)
        if value.is_floating_point() and torch.finfo(value.dtype).eps > torch.finfo(torch.float32).eps
    ]
    return limits_of(max(found, default=None), len(found))


def refuse(subject: str, parity: Parity, limits: ParityLimits, culprit: str | None) -> ExportError:
    """Return the error for a graph out of parity: which, how far off, where, and that nothing was written."""
    where = f"; it first departs at {culprit}" if culprit else ""
    return _refused(
        subject,
        f"does not compute what the module computes: max rel {parity.max_rel:.2g} "
        f"(limit {limits.max_rel:g}), max abs {parity.max_abs:.2g}, cosine {parity.cosine:.6f}{where}",
    )


def first_departure(model: "onnx.ModelProto", captured: "Captured", limits: ParityLimits) -> str | None:
    """Return the first operator whose result is not the eager one, with how far off it is, or None.

    The exporter names each value after the traced operator that computes it, so both sides are compared by
    name in the program's order; a value folded into the file at export is compared as well.
    """
    try:
        return _first_departure(model, captured, limits)
    except Exception:  # the graph is refused all the same, only without the place
        return None


def _first_departure(model: "onnx.ModelProto", captured: "Captured", limits: ParityLimits) -> str | None:
    import onnx

    eager = _eager_values(captured)
    every = onnx.ModelProto()
    every.CopyFrom(model)
    operators = {output: node.op_type for node in model.graph.node for output in node.output if output}
    known = {output.name for output in model.graph.output}
    wanted = [name for name in eager if name in operators and name not in known]
    every.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
    actual: dict[str, np.ndarray] = execute(every.SerializeToString(), captured.inputs)
    actual |= {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}
    for name, (target, value) in eager.items():
        if name not in actual or actual[name].shape != value.shape:
            continue
        parity = compare({name: actual[name]}, {name: value})
        if not limits.passes(parity):
            how = f"{operators[name]} node" if name in operators else "constant folded at export from"
            return f"the {how} '{name}' ({target}), off by max rel {parity.max_rel:.2g}"
    return None


def _eager_values(captured: "Captured") -> dict[str, tuple[str, np.ndarray]]:
    """Return the floating-point result of every operator of the traced program, by its name, in order."""
    import torch
    from torch.export.graph_signature import InputKind

    program = captured.program
    values: dict[str, tuple[str, np.ndarray]] = {}

    class Recorder(torch.fx.Interpreter):
        def run_node(self, n: torch.fx.Node) -> object:
            result = super().run_node(n)
            if n.op == "call_function" and isinstance(result, torch.Tensor) and result.is_floating_point():
                values[n.name] = (str(n.target), result.detach().numpy().copy())
            return result

    fed = iter(captured.inputs.values())
    stored = {**program.constants, **program.state_dict}
    arguments = [
        torch.from_numpy(next(fed).copy()) if spec.kind is InputKind.USER_INPUT else stored[spec.target or ""]
        for spec in program.graph_signature.input_specs
    ]
    with torch.no_grad():
        Recorder(program.graph_module).run(*arguments)
    return values


def _refused(subject: str, what: str) -> ExportError:
    return ExportError(f"{subject} {what}; nothing was written.")
