"""The doctor's part that needs the runtimes: which of them run here, and what threads they bring along."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from latbench import runtimes
from latbench.machine.checks.base import Finding
from latbench.machine.files import Tree
from latbench.machine.gpuseen import present
from latbench.pipeline.child import WorkerDied, call
from latbench.runtimes.base import Availability

CPU, CUDA = "cpu", "cuda"
_SKIPPED = "its rows are skipped"

Told = Mapping[str, Any] | WorkerDied
"""What the process of a runtime told: `available` by name and device, `pools`, `threads`; or how it died."""


def runtime_findings() -> tuple[Finding, ...]:
    """Return one finding per runtime, for CUDA another where there is a GPU, and one on thread libraries.

    Each is really imported; those that load the same package in one process, all processes at the same time.
    """
    packages = list(_by_package().values())
    with ThreadPoolExecutor(max_workers=max(1, len(packages))) as pool:
        answers = dict(zip(map(tuple, packages), pool.map(_told, packages), strict=True))
    told = {name: answer for names, answer in answers.items() for name in names}
    gpu = present(Tree())
    found = [one for name in sorted(told) for one in _findings(name, told[name], gpu=gpu)]
    return (*found, thread_libraries(dict(_first(names, answer) for names, answer in answers.items())))


def _by_package() -> dict[str, list[str]]:
    """Return the names of the runtimes by the package they load: a runtime's `package`, else its name."""
    found: dict[str, list[str]] = {}
    for name, runtime in runtimes.offered().items():
        found.setdefault(getattr(runtime, "package", name), []).append(name)
    return found


def _told(names: Sequence[str]) -> Told:
    try:
        return call("loaded", {"names": list(names)})
    except WorkerDied as error:
        return error


def _first(names: Sequence[str], told: Told) -> tuple[str, Told]:
    """Return the first of the runtimes `names` that is available, on whatever device, with what was told."""
    if isinstance(told, WorkerDied):
        return names[0], told
    here = [name for name in names if any(one["available"] for one in told["available"][name].values())]
    name = next(iter(here), names[0])
    return name, {"available": {"available": bool(here)}, "pools": told["pools"]}


def _findings(name: str, told: Told, *, gpu: bool) -> Iterator[Finding]:
    key, title = f"runtime_{name}", f"Runtime {name}"
    if isinstance(told, WorkerDied):
        value = f"importing it ends the process ({told})"
        yield Finding("problem", value, _SKIPPED, f"reinstall {name}", key, title)
        return
    found = {device: Availability(**one) for device, one in told["available"][name].items()}
    both = CPU in found and CUDA in found
    alone = both and not gpu
    for device, one in found.items():
        if device == CPU or not both:
            lacking = found[CUDA].reason if alone and one.available else None
            yield _runtime(one, key, title, f"not on CUDA: {lacking}" if lacking else None)
        elif not alone:
            yield _runtime(one, f"{key}_{device}", f"{title}, CUDA", effect=f"{_SKIPPED} with --device cuda")


def _runtime(
    found: Availability, key: str, title: str, more: str | None = None, effect: str = _SKIPPED
) -> Finding:
    if not found.available:
        return Finding("note", found.reason or "not available", effect, found.mend, key, title)
    offers = f"offers {', '.join(found.offers)}" if found.offers else ""
    units = f"computes in {', '.join(found.precisions)}" if found.precisions else ""
    parts = (found.version or "installed", offers, units, more)
    return Finding("ok", "; ".join(part for part in parts if part), key=key, title=title)


def thread_libraries(told: Mapping[str, Told]) -> Finding:
    """Return the finding on the thread libraries in the runtimes' processes, each `told` by one name."""
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
