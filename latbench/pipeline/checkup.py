"""The doctor's part that needs the runtimes: which of them run here."""

from latbench import runtimes
from latbench.machine.checks.base import Finding
from latbench.pipeline.child import WorkerDied, call
from latbench.pipeline.survey import ONE_THREAD
from latbench.runtimes.base import Availability

_EFFECT = "its rows are skipped"
_FOR_TESTS = frozenset({"fake"})


def runtime_findings() -> tuple[Finding, ...]:
    """Return one finding per runtime, each really imported, in a process of its own."""
    return tuple(_finding(name) for name in runtimes.runtimes() if name not in _FOR_TESTS)


def _finding(name: str) -> Finding:
    key, title = f"runtime_{name}", f"Runtime {name}"
    try:
        told = call("survey", {"names": [name], "device": "cpu"}, ONE_THREAD)["available"][name]
    except WorkerDied as error:
        value = f"importing it ends the process ({error})"
        return Finding("problem", value, _EFFECT, f"reinstall {name}", key, title)
    found = Availability(**told)
    if found.available:
        return Finding("ok", found.version or "installed", key=key, title=title)
    return Finding("note", found.reason or "not available", _EFFECT, found.mend, key, title)
