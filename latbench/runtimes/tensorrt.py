"""TensorRT: an engine built for this GPU from the artifact, run on a private stream from bound buffers."""

import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from latbench.errors import EnvironmentFault
from latbench.runtimes.base import Availability, Facts, Knob, SessionOptions, Source, knob
from latbench.runtimes.shared import cuda, half, nvidia
from latbench.runtimes.shared.vendor import installed
from latbench.runtimes.trt.build import converts
from latbench.runtimes.trt.engine import Wish, obtain
from latbench.runtimes.trt.log import forget, logger
from latbench.runtimes.trt.session import TensorRtSession


class TensorRt:
    """TensorRT 10 and 11 on the first visible NVIDIA GPU."""

    name = "tensorrt"
    accepts = frozenset({"onnx"})
    devices = frozenset({"cuda"})
    precisions = frozenset({"fp32", "tf32", "fp16", "bf16"})
    knobs: Mapping[str, Knob] = {
        "builder_level": Knob(3, "how long the builder searches for faster kernels", least=0, most=5),
        "workspace_mib": Knob(0, "the most memory in MiB that a kernel may use; 0 is all there is", least=0),
        "cuda_graph": Knob(False, "the inference is captured once and launched as a CUDA graph"),
        "engine_cache": Knob(
            True, "an engine built before from the same file for the same GPU is used again"
        ),
        "timing_cache": Knob(True, "kernel timings of earlier builds on the same GPU are used again"),
    }

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether tensorrt is importable and CUDA has a device, and what that device computes in."""
        if device not in self.devices:
            reason = f"TensorRT computes on NVIDIA GPUs, not on device {device!r}"
            return Availability(False, reason=reason, mend="--device cuda")
        found, lacking = installed("tensorrt", "tensorrt"), cuda.why_none()
        if not found.available:
            both = found.reason if lacking is None else f"{found.reason}, and {lacking}"
            return replace(found, reason=both)
        trt = _library()
        if lacking is not None:
            return Availability(False, trt.__version__, lacking, _mend(lacking))
        cards = cuda.devices()
        return Availability(
            True, trt.__version__, precisions=_offered(trt, cards[0]), offers=tuple(one.name for one in cards)
        )

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return the variable that forbids TF32 to every NVIDIA library, unless "tf32" is asked for."""
        return nvidia.environment(options)

    def prepare(self, source: Source, options: SessionOptions) -> TensorRtSession:
        """Load the engine kept for `source.path` here, or build it (timed apart) and keep it.

        BadInput names operators TensorRT has not; MemoryError when the GPU is full; RuntimeError holds the
        library's last errors.
        """
        cards = cuda.devices()
        if not cards:
            raise EnvironmentFault(f"TensorRT needs an NVIDIA GPU: {cuda.why_none()}.")
        stream = cuda.Stream()
        try:
            return self._prepared(cards[0], stream, Path(str(source.path)), options)
        except BaseException:
            stream.close()
            raise

    def _prepared(
        self, card: cuda.DeviceFacts, stream: cuda.Stream, path: Path, options: SessionOptions
    ) -> TensorRtSession:
        trt = _library()
        log = logger(trt)
        forget(log)
        knobs = {name: knob(self, options, name) for name in self.knobs}
        graph = bool(knobs["cuda_graph"])
        got = obtain(trt, log, Wish(path, options.precision, knobs, card))
        facts = Facts(
            provider="TensorRT",
            device="cuda",
            precision=got.precision,
            version=trt.__version__,
            extra={
                **got.told,
                "copies": nvidia.COPIES,
                **({} if graph else {"cuda_graph": "off"}),
                "gpu": card.name,
                "compute_capability": card.compute_capability,
                "driver": nvidia.driver(),
                "cuda_driver": card.driver_version,
            },
        )
        return TensorRtSession(
            trt, log, got.engine, stream, facts=facts, compile_ns=got.compile_ns, graph=graph
        )


def _library() -> Any:
    return importlib.import_module("tensorrt")


def _offered(trt: Any, card: cuda.DeviceFacts) -> tuple[str, ...]:
    """Return the precisions that the card has units for and this TensorRT can be given."""
    here = nvidia.units(("fp32", "tf32", "fp16", "bf16"), card.compute_capability)
    return tuple(name for name in here if not converts(trt, name) or half.possible())


def _mend(lacking: str) -> str:
    if "cuda-bindings" in lacking:
        return 'pip install "latbench[tensorrt]"'
    return "a machine on which nvidia-smi lists a GPU"


RUNTIME = TensorRt()
