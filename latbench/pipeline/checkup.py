"""The doctor's part that needs the runtimes: which of them run here, and what threads they bring along."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from latbench import runtimes
from latbench.machine.checks.base import Finding
from latbench.pipeline.child import WorkerDied, call
from latbench.runtimes.base import Availability

_SKIPPED = "its rows are skipped"
_FOR_TESTS = frozenset({"fake"})

Told = Mapping[str, Any] | WorkerDied


def runtime_findings() -> tuple[Finding, ...]:
    """Return one finding per runtime, and one on the thread libraries that they load.

    Each is really imported, in a process of its own, all at the same time.
    """
    names = [name for name in runtimes.runtimes() if name not in _FOR_TESTS]
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        told = dict(zip(names, pool.map(_told, names), strict=True))
    return (*(_runtime(name, one) for name, one in told.items()), thread_libraries(told))


def _told(name: str) -> Told:
    try:
        return call("loaded", {"name": name})
    except WorkerDied as error:
        return error


def _runtime(name: str, told: Told) -> Finding:
    key, title = f"runtime_{name}", f"Runtime {name}"
    if isinstance(told, WorkerDied):
        value = f"importing it ends the process ({told})"
        return Finding("problem", value, _SKIPPED, f"reinstall {name}", key, title)
    found = Availability(**told["available"])
    if not found.available:
        return Finding("note", found.reason or "not available", _SKIPPED, found.mend, key, title)
    offers = f"offers {', '.join(found.offers)}" if found.offers else ""
    units = f"computes in {', '.join(found.precisions)}" if found.precisions else ""
    parts = (found.version or "installed", offers, units)
    return Finding("ok", "; ".join(part for part in parts if part), key=key, title=title)


def thread_libraries(told: Mapping[str, Told]) -> Finding:
    """Return the finding on the thread libraries in the processes of the runtimes, `told` by their names."""
    key, title = "thread_libraries", "thread libraries"
    known = {
        name: one["pools"]
        for name, one in told.items()
        if not isinstance(one, WorkerDied) and one["available"]["available"] and one["pools"] is not None
    }
    if not known:
        effect = "thread libraries that disturb one another cannot be seen"
        return Finding("unknown", "not told by this machine", effect, None, key, title)
    value = "; ".join(f"{name}: {', '.join(pools) or 'none but its own'}" for name, pools in known.items())
    for name, pools in known.items():
        copies = [path for pool, paths in pools.items() if pool.startswith("OpenMP") for path in paths]
        if len(copies) > 1:
            effect = f"{name} runs with {len(copies)} OpenMP libraries in one process: their threads compete"
            mend = f"keep one of {', '.join(copies)}: install packages that share it (all from conda, or pip)"
            return Finding("warning", value, effect, mend, key, title)
    if len(known) < 2:
        return Finding("ok", value, key=key, title=title)
    return Finding(
        "note",
        value,
        "each pool, and ONNX Runtime's own, spins for work: several runtimes in one process slow one "
        "another, up to 30 times; OpenBLAS is NumPy's, and slows its products when the CPUs are busy",
        "one runtime a process, as latbench launches them; in your own code OPENBLAS_NUM_THREADS=1, and "
        "OMP_WAIT_POLICY=passive where runtimes must share a process",
        key,
        title,
    )
