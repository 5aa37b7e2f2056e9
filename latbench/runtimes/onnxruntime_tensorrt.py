"""ONNX Runtime's TensorRT provider: engines of what TensorRT takes, the CUDA provider does the rest.

Nodes on the CPU are an error. Those left to the CUDA provider are counted: the provider of a row says how
many TensorRT has, and a model of which it takes none is an error, being a row of the CUDA provider.
"""

import ctypes
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from latbench.errors import BadInput, EnvironmentFault
from latbench.runtimes.base import Availability, Knob, Session, SessionOptions, Source, knob
from latbench.runtimes.ort import device, providers
from latbench.runtimes.ort.providers import CUDA, TENSORRT
from latbench.runtimes.shared import cuda, derived, nvidia, onnxfile
from latbench.runtimes.shared.vendor import installed

_PRECISIONS = ("fp32", "tf32", "fp16", "bf16")
_ENGINES = "*.engine"


class OnnxRuntimeTensorRt:
    """ONNX Runtime on its TensorRT provider, which is built for TensorRT 10.

    "fp16" and "bf16" allow TensorRT those types beside fp32: it chooses per layer, and this provider does not
    tell what it chose. TF32 can be forbidden by NVIDIA's variable alone, which `environment` sets.
    """

    name = "onnxruntime_tensorrt"
    package = "onnxruntime"
    accepts = frozenset({"onnx"})
    devices = frozenset({"cuda"})
    precisions = frozenset(_PRECISIONS)
    knobs: Mapping[str, Knob] = {
        "builder_level": Knob(3, "how long the builder searches for faster kernels", least=0, most=5),
        "workspace_mib": Knob(0, "the most memory in MiB that a kernel may use; 0 is all there is", least=0),
        "cuda_graph": Knob(False, "the inference is captured once and launched as a CUDA graph"),
        "engine_cache": Knob(True, "engines built before from the same file for the same GPU are used again"),
        "timing_cache": Knob(True, "kernel timings of earlier builds on the same GPU are used again"),
    }

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether onnxruntime has the provider, CUDA a device, and TensorRT 10 its libraries here."""
        if device != "cuda":
            reason = f"TensorRT computes on NVIDIA GPUs, not on device {device!r}"
            return Availability(False, reason=reason, mend="--device cuda")
        found = installed("onnxruntime", "cuda")
        if not found.available:
            return found
        import onnxruntime

        offers = tuple(onnxruntime.get_available_providers())
        found = Availability(True, onnxruntime.__version__, offers=offers)
        return providers.available(TENSORRT, found, _PRECISIONS)

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return the variable that forbids TF32 to NVIDIA's libraries, unless "tf32" is asked for."""
        return nvidia.environment(options)

    def prepare(self, source: Source, options: SessionOptions) -> Session:
        """Open `source.path`, engines built or found beside it; `compile_ns` is the time that took.

        BadInput when TensorRT takes no node, or only the CPU would compute one; EnvironmentFault when the
        provider is dropped or its options are not taken; MemoryError when the GPU's memory is too small.
        """
        if options.device != "cuda" or options.precision not in _PRECISIONS:
            asked = f"{options.precision} on device {options.device!r}"
            raise BadInput(f"onnxruntime_tensorrt cannot be asked for {asked}; it has --device cuda only.")
        path = Path(str(source.path))
        providers.preload(TENSORRT)
        kept = _folder(self, path, options) if knob(self, options, "engine_cache") else None
        timings = _timings(path) if knob(self, options, "timing_cache") else None
        before = _engines(kept)
        stream = cuda.Stream()
        try:
            chosen = [
                (TENSORRT, provider_options(self, options, kept, timings)),
                (CUDA, {"use_tf32": str(int(options.precision == "tf32"))}),
            ]
            opened = device.open_session(str(path), options, chosen, stream)
            after = _engines(kept)
            found = bool(before) and before == after
            facts = device.facts_of(
                opened,
                _share(opened.nodes),
                _read_back(path, opened.session.get_provider_options()[TENSORRT]),
                {
                    **_told_of_engines(after, found, opened.open_ns),
                    **_told_of_options(opened.session.get_provider_options()[TENSORRT]),
                    "weights": onnxfile.weights(path),
                    "tensorrt": library_version(),
                },
            )
            return device.DeviceSession(opened.session, stream, facts, opened.open_ns)
        except BaseException:
            stream.close()
            raise


def provider_options(
    runtime: OnnxRuntimeTensorRt, options: SessionOptions, kept: Path | None, timings: Path | None
) -> dict[str, str]:
    """Return the provider's options that `options` stand for; what is cached goes to the folders given."""
    chosen = {
        "trt_fp16_enable": str(options.precision == "fp16"),
        "trt_bf16_enable": str(options.precision == "bf16"),
        "trt_builder_optimization_level": str(knob(runtime, options, "builder_level")),
        "trt_cuda_graph_enable": str(knob(runtime, options, "cuda_graph")),
        "trt_engine_cache_enable": str(kept is not None),
        "trt_timing_cache_enable": str(timings is not None),
    }
    if workspace := int(knob(runtime, options, "workspace_mib")):
        chosen["trt_max_workspace_size"] = str(workspace << 20)
    if kept is not None:
        chosen["trt_engine_cache_path"] = str(kept)
    if timings is not None:
        chosen["trt_timing_cache_path"] = str(timings)
    return chosen


def library_version() -> str | None:
    """Return the version of the TensorRT that the provider loads, such as "10.16.1"; None without it."""
    with suppress(OSError, AttributeError):
        number = ctypes.CDLL("libnvinfer.so.10").getInferLibVersion()
        return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    return None


def _machine() -> dict[str, Any]:
    """Return what engines and timings depend on, beside the model: versions, and the GPU."""
    import onnxruntime

    told = device.gpu()
    gpu = {name: told.get(name) for name in ("gpu", "compute_capability", "driver")}
    return {"onnxruntime": onnxruntime.__version__, "tensorrt": library_version(), **gpu}


def _folder(runtime: OnnxRuntimeTensorRt, path: Path, options: SessionOptions) -> Path:
    """Return the folder of engines of this very file, by these versions, for this GPU and `options`."""
    key = {
        **_machine(),
        "source": derived.source_sha256(path),
        "precision": options.precision,
        "options": provider_options(runtime, options, None, None),
        nvidia.TF32: os.environ.get(nvidia.TF32),
    }
    return _made(path.resolve().parent / derived.FOLDER / f"onnxruntime-{derived.name(key)}")


def _timings(path: Path) -> Path:
    name = f"onnxruntime-timings-{derived.name(_machine())}"
    return _made(path.resolve().parent / derived.FOLDER / name)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"TensorRT's engines cannot be kept in {folder}: {error.strerror}; make it writable, or add "
            "--set onnxruntime_tensorrt.engine_cache=off --set onnxruntime_tensorrt.timing_cache=off."
        ) from error
    return folder


def _engines(folder: Path | None) -> dict[str, tuple[int, int]]:
    """Return the size in bytes and the time of writing of each engine kept in `folder`, by name."""
    files = sorted(folder.glob(_ENGINES)) if folder is not None else []
    return {file.name: (file.stat().st_size, file.stat().st_mtime_ns) for file in files}


def _told_of_engines(after: Mapping[str, tuple[int, int]], found: bool, open_ns: int) -> dict[str, Any]:
    """Return the facts of the engines; the time of a build is that of opening the session, all of it."""
    size = sum(size for size, _ in after.values()) if after else None
    return {"engine_bytes": size, "engine_cached": found, "engine_build_ns": None if found else open_ns}


def _told_of_options(taken: Mapping[str, str]) -> dict[str, Any]:
    graph = taken.get("trt_cuda_graph_enable")
    return {
        "cuda_graph": None if graph is None else "on" if _on(graph) else "off",
        "precisions_allowed": [
            "fp32",
            *(name for name in ("fp16", "bf16") if _on(taken.get(f"trt_{name}_enable"))),
        ],
    }


def _on(value: str | None) -> bool:
    """Tell whether a switch is on; the provider takes it as True and may read it back as 1."""
    return value in ("1", "True")


def _share(nodes: Mapping[str, int] | None) -> str:
    """Return the provider as a row shows it; BadInput when TensorRT takes no node of the model."""
    if nodes is None:
        return TENSORRT
    own, every = nodes.get(TENSORRT, 0), sum(nodes.values())
    if not own:
        raise BadInput(
            f"TensorRT takes none of the model's {every} nodes; measure it with --runtime onnxruntime, or "
            "export another lowering."
        )
    return TENSORRT if own == every else f"{TENSORRT} ({own} of {every} nodes)"


def _read_back(path: Path, taken: Mapping[str, str]) -> str | None:
    """Return the precision that TensorRT was allowed, as read back; "fp32" only where TF32 is forbidden."""
    for name in ("fp16", "bf16"):
        if _on(taken.get(f"trt_{name}_enable")):
            return name
    weights = onnxfile.precision(onnxfile.weights(path)) or "fp32"
    if weights != "fp32":
        return weights
    return "fp32" if os.environ.get(nvidia.TF32) == "0" else "tf32"


RUNTIME = OnnxRuntimeTensorRt()
