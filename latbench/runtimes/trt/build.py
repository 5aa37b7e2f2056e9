"""From an ONNX file to a serialised TensorRT engine: parsed, configured and built, each setting read back."""

import importlib.util
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters import wholefile
from exporters.errors import InputError
from exporters.tensorrt_operators import Unsupported, unsupported
from latbench.errors import BadInput
from latbench.runtimes.shared import half
from latbench.runtimes.trt.log import fault, made, said_last

WEAK = {"fp16": "FP16", "bf16": "BF16"}
"""Builder flags by precision that TensorRT 10 has; 11 has none, there the ONNX graph itself is converted."""

_ERRORS = 5
"""So many of the parser's errors stand in the reason; one unknown operator may bring hundreds."""


@dataclass(frozen=True)
class Order:
    """What is to be built: the ONNX file, the precision, the builder's level, its workspace in MiB (0: all).

    `timings` is the file of kernel timings to read and to add to, None for none.
    """

    path: Path
    precision: str
    level: int
    workspace_mib: int
    timings: Path | None


@dataclass(frozen=True)
class Built:
    """A serialised engine, the time of its making in ns (conversion, parsing, build), and settings read back.

    `settings`: builder_level, workspace_bytes, tf32 (allowed or not), typing ("strong" or "weak"), timings
    ("off", "new", "reused", or why the old ones were dropped).
    """

    plan: bytes
    build_ns: int
    settings: dict[str, Any]


def converts(trt: Any, precision: str) -> bool:
    """Tell whether `precision` is got by converting the ONNX graph, since the builder has no flag for it."""
    return precision in WEAK and not hasattr(trt.BuilderFlag, WEAK[precision])


def build(trt: Any, log: Any, order: Order) -> Built:
    """Return the engine that `order` asks for.

    BadInput names the operators that TensorRT has not, or what its parser says; MemoryError and RuntimeError
    tell the builder's own last errors.
    """
    begin = time.perf_counter_ns()
    builder = made(trt.Builder, log, "TensorRT made no builder", log)
    network = made(builder.create_network, log, "TensorRT made no network")
    config = made(builder.create_builder_config, log, "TensorRT made no builder configuration")
    parser = made(trt.OnnxParser, log, "TensorRT made no ONNX parser", network, log)
    _parse(trt, parser, log, order)
    _refuse_open_shapes(network, order.path)
    settings = _configure(trt, config, order)
    settings["timings"] = _take_timings(config, order.timings)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise fault(log, f"TensorRT built no engine of {order.path.name}")
    built = bytes(plan)
    build_ns = time.perf_counter_ns() - begin
    _give_timings(config, order.timings)
    return Built(built, build_ns, settings)


def _parse(trt: Any, parser: Any, log: Any, order: Order) -> None:
    listed = _listed(trt, order.path)
    # The list may be older than this TensorRT: an operator whose name its parser knows, and types, are left
    # to the parser.
    operators = [one for one in listed if one.operator.isidentifier()]
    lacking = [one for one in operators if not parser.supports_operator(one.operator)]
    if lacking:
        raise BadInput(f"TensorRT {trt.__version__} does not take {order.path.name}: {_told(lacking)}.")
    if converts(trt, order.precision):
        done = parser.parse(half.converted(order.path, order.precision), str(order.path))
    else:
        done = parser.parse_from_file(str(order.path))
    if not done:
        said = "; ".join(_errors(parser)) or said_last(log) or "it did not say why"
        mend = f" Known of this graph: {_told(listed)}." if listed else ""
        raise BadInput(f"TensorRT's parser refuses {order.path.name}: {said}.{mend}")


def _listed(trt: Any, path: Path) -> tuple[Unsupported, ...]:
    """Return what the list of operators says against the file; () where nothing can look into the file."""
    if importlib.util.find_spec("onnx") is None:
        return ()
    plugins = {str(getattr(one, "name", "")) for one in _creators(trt)}
    try:
        return unsupported(path, trt.__version__, plugins)
    except InputError as error:
        raise BadInput(str(error)) from error


def _creators(trt: Any) -> list[Any]:
    registry = trt.get_plugin_registry()
    return [] if registry is None else list(registry.all_creators)


def _told(listed: Iterable[Unsupported]) -> str:
    return ". ".join(str(one) for one in listed)


def _errors(parser: Any) -> Iterator[str]:
    total = parser.num_errors
    for index in range(min(total, _ERRORS)):
        problem = parser.get_error(index)
        where = " ".join(word for word in (problem.node_operator(), problem.node_name()) if word)
        said = " ".join(problem.desc().split()).rstrip(".")
        yield f"{where}: {said}" if where else said
    if total > _ERRORS:
        yield f"and {total - _ERRORS} more"


def _refuse_open_shapes(network: Any, path: Path) -> None:
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        shape = tuple(tensor.shape)
        if any(size < 0 for size in shape):
            sizes = "x".join("?" if size < 0 else str(size) for size in shape)
            raise BadInput(
                f"The input {tensor.name!r} of {path.name} has an open shape, {sizes}, and an engine is "
                "built for one shape: fix it with --shape or --pin."
            )


def _configure(trt: Any, config: Any, order: Order) -> dict[str, Any]:
    """Set the builder's options and return them as read back; RuntimeError when one did not take."""
    config.builder_optimization_level = order.level
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # for the inspector; the session quiets NVTX
    if order.workspace_mib:
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, order.workspace_mib << 20)
    tf32 = order.precision == "tf32"
    (config.set_flag if tf32 else config.clear_flag)(trt.BuilderFlag.TF32)
    if order.precision in WEAK and not converts(trt, order.precision):
        config.set_flag(getattr(trt.BuilderFlag, WEAK[order.precision]))
    level, allowed = config.builder_optimization_level, config.get_flag(trt.BuilderFlag.TF32)
    if level != order.level or allowed != tf32:
        raise RuntimeError(
            f"TensorRT took builder level {level} for {order.level}, TF32 {allowed} for {tf32}"
        )
    return {
        "builder_level": level,
        "workspace_bytes": config.get_memory_pool_limit(trt.MemoryPoolType.WORKSPACE),
        "tf32": allowed,
        "typing": "strong" if all(converts(trt, precision) for precision in WEAK) else "weak",
    }


def _take_timings(config: Any, file: Path | None) -> str:
    """Give the builder the kernel timings in `file`, or an empty table of them; return which it was."""
    if file is None:
        return "off"
    dropped = None
    with suppress(FileNotFoundError):
        try:
            cache = config.create_timing_cache(file.read_bytes())
            if cache is not None and config.set_timing_cache(cache, False):
                return "reused"
            dropped = "dropped: TensorRT refused those kept"
        except FileNotFoundError:
            raise
        except (OSError, TypeError) as error:
            dropped = f"dropped: those kept cannot be read ({error})"
    cache = config.create_timing_cache(b"")
    if cache is None or not config.set_timing_cache(cache, False):
        return "off: TensorRT made no table of timings"
    return dropped or "new"


def _give_timings(config: Any, file: Path | None) -> None:
    """Keep the builder's kernel timings in `file`; where that fails, the next build measures them again."""
    cache = None if file is None else config.get_timing_cache()
    if file is not None and cache is not None:
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            wholefile.write(file, bytes(cache.serialize()))
