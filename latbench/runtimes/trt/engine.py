"""The engine for one artifact on one GPU: the one kept from before, or one built now and kept."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latbench.runtimes.base import Value
from latbench.runtimes.shared import derived, half, nvidia
from latbench.runtimes.shared.cuda import DeviceFacts
from latbench.runtimes.trt import cache
from latbench.runtimes.trt.build import Order, build, converts
from latbench.runtimes.trt.inspect import Inspection, inspect
from latbench.runtimes.trt.log import fault, forget, made

BUILD_KNOBS = ("builder_level", "workspace_mib")
"""Knobs that make another engine; the others only say how one is come by or run, and share it."""

_CODE = "latbench.runtimes.trt.build"
"""What sets the builder up: with other settings it makes another engine of the same file."""


@dataclass(frozen=True)
class Wish:
    """Which engine: of the ONNX file `path`, in `precision`, with the runtime's `knobs` (all), for `card`."""

    path: Path
    precision: str
    knobs: Mapping[str, Value]
    card: DeviceFacts


@dataclass(frozen=True)
class Obtained:
    """A deserialised engine, the precision it computes in, and what the facts tell of it.

    `precision` is None where it cannot be told, `compile_ns` where the engine was not built now. `told`:
    engine_bytes, engine_build_ns, engine_cached, engine_rebuilt (why the one kept was no use), engine_kept
    (why this one could not be kept), layers, and the builder's settings as it read them back.
    """

    engine: Any
    precision: str | None
    told: Mapping[str, Any]
    compile_ns: int | None


def obtain(trt: Any, log: Any, wish: Wish) -> Obtained:
    """Return the engine that `wish` tells, from its folder `engines` where that is wanted and it is there.

    MemoryError when the GPU is full, RuntimeError with the library's last errors, BadInput for a graph that
    TensorRT cannot take.
    """
    trt.init_libnvinfer_plugins(log, "")  # where that fails, a graph that needs one of them tells so
    runtime = made(trt.Runtime, log, "TensorRT made no runtime", log)
    folder = wish.path.parent / derived.FOLDER
    wanted = bool(wish.knobs["engine_cache"])
    key = _key(trt, wish) if wanted else {}
    found = cache.read(folder, key) if wanted else None
    spoilt = found if isinstance(found, str) else None
    if isinstance(found, cache.Kept):
        engine = runtime.deserialize_cuda_engine(found.plan)
        if engine is not None:
            return _obtained(engine, _inspected(trt, engine, found.told), found, None, {})
        refusal = fault(log, "TensorRT refused the engine kept")
        if isinstance(refusal, MemoryError):
            raise refusal
        spoilt = str(refusal)
        forget(log)

    timings = folder / f"{derived.name(_maker(trt, wish))}.timings" if wish.knobs["timing_cache"] else None
    level, workspace = (int(wish.knobs[name]) for name in BUILD_KNOBS)
    built = build(trt, log, Order(wish.path, wish.precision, level, workspace, timings))
    engine = made(runtime.deserialize_cuda_engine, log, "TensorRT refused the engine it built", built.plan)
    inspected = _inspected(trt, engine, built.settings)
    chosen = {"layers": dict(inspected.layers), "precision": inspected.precision}
    kept = cache.Kept(built.plan, {**built.settings, **chosen, "build_ns": built.build_ns})
    unkept = cache.write(folder, key, kept) if wanted else None
    remarks = {"engine_rebuilt": spoilt, "engine_kept": unkept and f"no: {unkept}"}
    return _obtained(engine, inspected, kept, built.build_ns, remarks)


def _maker(trt: Any, wish: Wish) -> dict[str, Any]:
    """Return what kernel timings hold for: this library on this card and driver."""
    return {
        "tensorrt": trt.__version__,
        "gpu": wish.card.name,
        "compute_capability": wish.card.compute_capability,
        "cuda_driver": wish.card.driver_version,
        "kernel_driver": nvidia.driver(),
    }


def _key(trt: Any, wish: Wish) -> dict[str, Any]:
    """Return everything that makes an engine another one."""
    return {
        **_maker(trt, wish),
        "source_sha256": derived.source_sha256(wish.path),
        "precision": wish.precision,
        "code": derived.code_sha256(_CODE),
        "conversion": half.maker() if converts(trt, wish.precision) else None,
        "tf32_override": os.environ.get(nvidia.TF32),
        **{name: wish.knobs[name] for name in BUILD_KNOBS},
    }


def _inspected(trt: Any, engine: Any, settings: Mapping[str, Any]) -> Inspection:
    inspector = engine.create_engine_inspector()
    if inspector is None:
        return Inspection(unread="TensorRT made no inspector")
    return inspect(inspector.get_engine_information(trt.LayerInformationFormat.JSON), settings.get("tf32"))


def _obtained(
    engine: Any,
    inspected: Inspection,
    kept: cache.Kept,
    built_ns: int | None,
    remarks: Mapping[str, str | None],
) -> Obtained:
    told = {
        "engine_bytes": len(kept.plan),
        "engine_build_ns": kept.told.get("build_ns"),
        "engine_cached": built_ns is None,
        "layers": dict(inspected.layers) or None,
        "layers_unread": inspected.unread,
        **{
            name: kept.told.get(name)
            for name in ("builder_level", "workspace_bytes", "tf32", "typing", "timings")
        },
        **remarks,
    }
    told = {name: value for name, value in told.items() if value is not None}
    return Obtained(engine, inspected.precision, told, built_ns)
