"""The columns of a GPU: latency on the device beside that on the host, the engine, what the card could do."""

from collections.abc import Iterable
from functools import lru_cache
from statistics import median
from typing import Any, TypeVar

import numpy as np

from latbench import stats
from latbench.measure.launch import LaunchResult
from latbench.records.flags.base import Evidence
from latbench.stats.looks import look_interval

Samples = tuple[tuple[int, ...], ...]

_CPU = "cpu"
_BYTES = {"fp32": 4, "tf32": 4, "fp16": 2, "bf16": 2}
"""Of a weight as it is read from memory, by the arithmetic used."""

T = TypeVar("T")


def device_columns(evidence: Evidence) -> dict[str, Any]:
    """Return the values of the device's columns; what is not known, as all of them on a CPU, is left out."""
    launches = evidence.launches
    device = tuple(launch.device_ns for launch in launches if launch.device_ns)
    cached = _told(launches, "engine_cached", bool)
    built = _told(launches, "engine_build_ns", int)
    return {
        "runtime_options": evidence.plan.knobs,
        **dict(_latency(device, evidence.run.looks)),
        "copies": _only(_told(launches, "copies", str)),
        "cuda_graph": _only(_told(launches, "cuda_graph", str)),
        "engine_build_ms": median(built) / 1e6 if built else None,
        "engine_bytes": _only(_told(launches, "engine_bytes", int)),
        "engine_cached": all(cached) if cached else None,
        **({} if evidence.plan.device == _CPU else _card(evidence)),
    }


def _told(launches: Iterable[LaunchResult], name: str, kind: type[T]) -> list[T]:
    """Return what the sessions read back as `name`, one value per launch that has it."""
    told = ((launch.facts.get("extra") or {}).get(name) for launch in launches)
    return [value for value in told if type(value) is kind]


def _only(values: Iterable[T]) -> T | None:
    distinct = list(dict.fromkeys(values))
    return distinct[0] if len(distinct) == 1 else None


@lru_cache(maxsize=4096)
def _latency(samples: Samples, looks: tuple[int, ...]) -> tuple[tuple[str, float | None], ...]:
    """Return the columns of the device latency; kept, because a run makes its rows anew after each launch."""
    if not samples:
        return ()
    launches = tuple(np.asarray(one, dtype=np.int64) for one in samples)
    found = look_interval(launches, looks) if looks else stats.launch_interval(launches)
    least = float(min(launch.min() for launch in launches))
    figures = {"median": found.estimate, "ci95_low": found.low, "ci95_high": found.high, "min": least}
    return tuple(
        (f"device_{name}_ms", None if figure is None else figure / stats.NS_PER_MS)
        for name, figure in figures.items()
    )


def _card(evidence: Evidence) -> dict[str, Any]:
    """Return the card that ran, or is here, and its roofline, which only the arithmetic used can tell.

    Launches on several cards have none of either.
    """
    here = evidence.run.machine.get("gpu") or {}
    ran = _told(evidence.launches, "gpu", str)
    found = {
        "gpu": _only(ran) if ran else here.get("name"),
        "gpu_driver": here.get("driver") or _only(_told(evidence.launches, "driver", str)),
    }
    if found["gpu"] is None and ran:
        return found
    peak = evidence.run.environment.get("roofline") or {}
    precision = _only(evidence.actual("precision"))
    copy_gb_s, tflops = peak.get("copy_gb_s"), (peak.get("tflops") or {}).get(precision)
    found |= {"gpu_copy_gb_s": copy_gb_s, "gpu_matrix_tflops": tflops}
    plan, width = evidence.plan, _BYTES.get(precision or "")
    if not (copy_gb_s and tflops and width and plan.macs is not None):
        return found
    weights = plan.params * width if plan.params is not None else _stored(plan.artifact_bytes, width)
    if weights is None:
        return found
    least_ms = max(2 * plan.macs * plan.batch / (tflops * 1e9), weights / (copy_gb_s * 1e6))
    device = tuple(launch.device_ns for launch in evidence.launches if launch.device_ns)
    measured_ms = dict(_latency(device, evidence.run.looks)).get("device_median_ms")
    return found | {
        "roofline_ms": least_ms,
        "roofline_percent": 100 * least_ms / measured_ms if measured_ms else None,
    }


def _stored(artifact_bytes: int | None, width: int) -> float | None:
    """Return the bytes of the weights of a float32 file, once read as numbers of `width` bytes."""
    return None if artifact_bytes is None else artifact_bytes * width / _BYTES["fp32"]
