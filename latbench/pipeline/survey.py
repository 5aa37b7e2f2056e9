"""What this machine can do now: which runtimes run, how long they take to start, how fast it multiplies."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from latbench import runtimes
from latbench.runtimes.base import Availability

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The environment in which the matrix product runs on one thread."""

_SIZE, _REPEATS = 768, 5


@dataclass(frozen=True)
class Survey:
    """Availability and seconds of import by runtime, and the MACs per second of one thread (fp32).

    `start_s` is what a process costs in seconds before it does anything.
    """

    available: Mapping[str, Availability]
    import_s: Mapping[str, float]
    macs_per_s: float
    start_s: float

    @classmethod
    def from_json(cls, values: Mapping[str, Any], wall_s: float) -> Self:
        """Return what `survey` found in a process that took `wall_s` seconds from start to end."""
        available = {name: Availability(**found) for name, found in values["available"].items()}
        start_s = max(0.0, wall_s - values["busy_s"])
        return cls(available, values["import_s"], values["macs_per_s"], start_s)


def survey(names: Sequence[str], device: str) -> dict[str, Any]:
    """Return the fields of a `Survey` of the runtimes `names` on `device`, in the process it is called in."""
    started = time.perf_counter()
    speed = matrix_speed()
    available, import_s = {}, {}
    for name in names:
        begin = time.perf_counter()
        available[name] = asdict(runtimes.get(name).check(device))
        import_s[name] = time.perf_counter() - begin
    busy_s = time.perf_counter() - started
    return {"available": available, "import_s": import_s, "macs_per_s": speed, "busy_s": busy_s}


def matrix_speed() -> float:
    """Return the MACs per second of a float32 matrix product, the best of a few."""
    a = np.random.default_rng(0).standard_normal((_SIZE, _SIZE)).astype(np.float32)
    out = np.empty_like(a)
    best = min(_seconds(a, out) for _ in range(_REPEATS))
    return _SIZE**3 / best


def _seconds(a: np.ndarray, out: np.ndarray) -> float:
    begin = time.perf_counter()
    np.matmul(a, a, out=out)
    return time.perf_counter() - begin
