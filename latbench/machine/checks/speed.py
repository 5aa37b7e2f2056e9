"""How fast the CPUs are now: the reference kernels, timed for about a third of a second."""

from statistics import median

from latbench.machine import host, kernels
from latbench.machine.checks.base import Check, Context, Finding, untold

_ROUNDS = 5
_TOTAL_NS, _MOST_NS = 300_000_000, 150_000_000
"""Time for all CPUs, and for one."""

_MOST_CPUS = 8
_SLICE_NS = 2_000_000
_WANDERS, _DIFFERS = 1.15, 1.10
_SLOW_NS, _TRAPPED = 300, 2.0
_PASSES = 5

_NEIGHBOURS = (
    "stop other work (see load); on a virtual machine neighbours share the cores unseen: repeat doctor, and "
    "compare within one interleaved run only (latbench compare)"
)


def _compute(context: Context) -> Finding:
    allowed = context.usable.affinity
    cpus = allowed[:: -(-len(allowed) // _MOST_CPUS)]
    length = min(_MOST_NS, _TOTAL_NS // len(cpus)) // _ROUNDS
    taken: dict[int, list[float]] = {cpu: [] for cpu in cpus}
    for _ in range(_ROUNDS if context.tree.real else 0):
        for cpu in cpus:
            taken[cpu] += _slices(context.products(cpu, length))
    known = {cpu: sorted(times) for cpu, times in taken.items() if times}
    if not known:
        return untold("whether the CPUs are equally fast, and keep their speed, cannot be seen")
    medians = {cpu: median(times) for cpu, times in known.items()}
    wander = max(_quantile(times, 0.95) / _quantile(times, 0.05) for times in known.values())
    speeds = ", ".join(f"cpu{cpu} {kernels.PRODUCT_FLOP / time:.0f}" for cpu, time in medians.items())
    value = f"{speeds} GFLOP/s (fp32 product); slowest / fastest slices of 2 ms {wander:.2f}"
    differ = max(medians.values()) / min(medians.values())
    if wander >= _WANDERS:
        return Finding("warning", value, "the speed of a CPU wanders, and every latency with it", _NEIGHBOURS)
    if differ >= _DIFFERS:
        slow = max(medians, key=lambda cpu: medians[cpu])
        effect = f"CPU {slow} is {differ:.2f} times slower: threads wait for the slowest at each operator"
        mend = (
            "see kinds of core and load; if it stays so when doctor is repeated, taskset -c the faster ones"
        )
        return Finding("warning", value, effect, mend)
    return Finding("ok", value)


def _slices(products: list[int]) -> list[float]:
    """Return the mean time of a product in each slice of 2 ms, so that one interrupt does not count."""
    means, held = [], []
    for time in products:
        held.append(time)
        if sum(held) >= _SLICE_NS:
            means.append(sum(held) / len(held))
            held = []
    return means or ([sum(held) / len(held)] if held else [])


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[round(share * (len(ordered) - 1))]


def _handoff(context: Context) -> Finding:
    passes = range(_PASSES if context.tree.real else 0)
    plain = [time for time in (context.handoff(False) for _ in passes) if time is not None]
    pause = [time for time in (context.handoff(True) for _ in passes) if time is not None]
    if not plain:
        return untold("how fast two CPUs hand over data cannot be seen (one CPU, or code is refused)")
    typical, waiting = median(plain), median(pause) if pause else None
    paused = "untold" if waiting is None else f"{waiting:.0f} ns"
    value = f"{typical:.0f} ns ({min(plain)} to {max(plain)}) a cache line, waiting with PAUSE {paused}"
    if waiting is not None and waiting >= _TRAPPED * typical:
        effect = "the hypervisor stops CPUs that spin: threads lose time wherever they wait for one another"
        return Finding("warning", value, effect, "latbench compare NAME@spinning=on NAME@spinning=off tells")
    if max(typical, waiting or 0) < _SLOW_NS:
        return Finding("ok", value)
    guest = host.hypervisor(context.tree) not in (None, host.NONE)
    effect = "threads hand over slowly: several threads gain little on small operators"
    mend = "compare --threads 1 with more" if guest else "use CPUs of one socket and one cache: taskset -c"
    return Finding("note", value, effect, mend)


CHECK = (
    Check("cpu_speed", "speed of the CPUs now", _compute),
    Check("handoff", "hand-off between CPUs", _handoff),
)
