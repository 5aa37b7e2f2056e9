"""Arithmetic: the instruction sets there are, and precisions that change without being asked."""

import sys

from latbench.machine import cpuinfo
from latbench.machine.checks.base import Check, Context, Finding, untold


def _instructions(context: Context) -> Finding:
    found = cpuinfo.instruction_sets(context.tree)
    if found is None:
        return untold("which vector instructions the runtimes can use cannot be seen")
    value = ", ".join(found) or "none of those that matter"
    if {"avx2", "neon", "sve"} & set(found):
        return Finding("ok", value)
    effect = "the runtimes fall back to kernels that are several times slower"
    return Finding("warning", value, effect, "in a virtual machine, pass the host's CPU model through")


def _bfloat16(context: Context) -> Finding:
    found = cpuinfo.instruction_sets(context.tree)
    if found is None:
        return untold("whether a runtime may compute in bf16 by default cannot be seen")
    present = [name for name in cpuinfo.BF16 if name in found]
    if not present:
        return Finding("ok", "no bf16 units")
    return Finding(
        "note",
        ", ".join(present),
        "OpenVINO computes in bf16 by default here: up to twice as fast as fp32, and thousands of times "
        "less exact",
        "latbench sets INFERENCE_PRECISION_HINT=f32 and reads it back; ask the same of figures from "
        "elsewhere (benchmark_app -infer_precision f32)",
    )


def _denormals(context: Context) -> Finding:
    smallest_normal = sys.float_info.min
    if smallest_normal / 2 == 0.0:
        effect = "a library has set flush-to-zero for this thread: outputs may differ in the last places"
        return Finding(
            "warning", "flushed to zero", effect, "find the library (built with -ffast-math) and leave it"
        )
    effect = (
        "weights or activations below 1e-38 slow some CPUs 5 to 30 times: untrained models often have them"
    )
    mend = (
        "time weights that keep activations alive, as the zoo's do, or trained ones; a row whose model they "
        "slow has the flag denormals"
    )
    return Finding("note", "computed exactly", effect, mend)


CHECK = (
    Check("instructions", "instruction sets", _instructions),
    Check("bf16", "bf16 units", _bfloat16),
    Check("denormals", "denormal numbers", _denormals),
)
