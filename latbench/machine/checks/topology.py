"""Where the threads of a run may land: shared cores, unequal cores, distant memory."""

from latbench.machine.checks.base import Check, Context, Finding, untold
from latbench.machine.files import cpu_ranges
from latbench.machine.topology import one_per_core


def _smt(context: Context) -> Finding:
    found, allowed = context.topology, context.usable.affinity
    if found.smt is None:
        return untold("two threads on one core are slower than on two, which cannot be seen here")
    if not found.smt:
        return Finding("ok", "off, or one hardware thread a core")
    if found.cores is None:
        effect = "two threads that land on one core share its arithmetic units"
        return Finding("note", "on", effect, "latbench run --threads with half the CPUs at most")
    alone = one_per_core(found.cores, allowed)
    value = f"on: {len(allowed)} hardware threads on {len(alone)} cores"
    if len(alone) == len(allowed):
        return Finding("ok", f"{value}, none shared by the CPUs allowed")
    effect = (
        "two threads that land on one core share its arithmetic units: a level that changes with placement"
    )
    mend = f"taskset -c {cpu_ranges(alone)} latbench run --threads {min(context.threads, len(alone))}"
    return Finding("warning" if context.threads > len(alone) else "note", value, effect, mend)


def _kinds(context: Context) -> Finding:
    allowed = set(context.usable.affinity)
    kinds = {name: allowed & set(cpus) for name, cpus in context.topology.kinds.items()}
    present = {name: cpus for name, cpus in kinds.items() if cpus}
    if len(context.topology.kinds) < 2:
        return Finding("ok", "cores of one kind, as far as told")
    value = ", ".join(f"{name}: {cpu_ranges(cpus)}" for name, cpus in present.items())
    if len(present) < 2:
        return Finding("ok", f"{value} only")
    fastest = next(iter(present.values()))
    return Finding(
        "warning",
        value,
        "one slow core holds up all the others at each operator, and threads wander between kinds",
        f"taskset -c {cpu_ranges(fastest)} latbench run --threads {min(context.threads, len(fastest))}",
    )


def _nodes(context: Context) -> Finding:
    nodes, allowed = context.topology.nodes, set(context.usable.affinity)
    if not nodes:
        return untold("memory on another socket is slower to reach, which cannot be seen here")
    within = {node: allowed & set(cpus) for node, cpus in nodes.items()}
    spanned = {node: cpus for node, cpus in within.items() if cpus}
    if len(spanned) < 2:
        return Finding("ok", f"{len(nodes)} node{'s' if len(nodes) > 1 else ''}, one used")
    node, cpus = max(spanned.items(), key=lambda item: len(item[1]))
    return Finding(
        "warning",
        f"CPUs of {len(spanned)} nodes allowed",
        "weights lie in the memory of one node while threads may run on another: launches differ",
        f"numactl --cpunodebind={node} --membind={node} latbench run "
        f"--threads {min(context.threads, len(cpus))}",
    )


CHECK = (
    Check("smt", "hardware threads (SMT)", _smt),
    Check("core_kinds", "kinds of core", _kinds),
    Check("numa", "memory nodes (NUMA)", _nodes),
)
