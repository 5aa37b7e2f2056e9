"""Why ONNX Runtime's providers for a GPU can or cannot work here, each reason with the line that mends it."""

import contextlib
import ctypes
import importlib.util
import io
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from latbench.runtimes.base import Availability
from latbench.runtimes.ort.elf import needed
from latbench.runtimes.shared import cuda, nvidia

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"
_BUILDS = ("onnxruntime", "onnxruntime-gpu")
_CUDA_LIBRARY = "libonnxruntime_providers_cuda.so"
_LIBRARIES = {CUDA: _CUDA_LIBRARY, TENSORRT: "libonnxruntime_providers_tensorrt.so"}
_TENSORRT = ("libnvinfer.so.10", "libnvinfer_plugin.so.10", "libnvonnxparser.so.10")
_GPU_BUILD = 'pip install "latbench[cuda]"'
_REINSTALL = f"pip uninstall -y {' '.join(_BUILDS)} && {_GPU_BUILD}"
_LIBS = 'pip install "onnxruntime-gpu[cuda,cudnn]"'


def available(provider: str, found: Availability, precisions: tuple[str, ...]) -> Availability:
    """Return `found` with `precisions`, or the first reason why `provider` cannot work here and its mend.

    Asked in this order: does the package installed have the provider, is there a GPU, do the provider's
    libraries load.
    """
    for reason, mend in (_no_build(provider, found.offers), _no_gpu(), _no_library(provider)):
        if reason:
            return replace(found, available=False, reason=reason, mend=mend)
    return replace(found, precisions=nvidia.units(precisions, cuda.devices()[0].compute_capability))


def builds() -> dict[str, str]:
    """Return the versions of the distributions here that are all imported as `onnxruntime`, by name."""
    found = {}
    for name in _BUILDS:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _no_build(provider: str, offers: tuple[str, ...]) -> tuple[str | None, str]:
    if provider in offers:
        return None, ""
    here = builds()
    named = " and ".join(f"{name} {number}" for name, number in here.items()) or "an onnxruntime of its own"
    if set(here) == set(_BUILDS):
        return (
            f"{named} are both installed in the same folder, and the one without {provider} was written last",
            _REINSTALL,
        )
    if "onnxruntime-gpu" in here:
        return f"{named} was built without {provider}", "install the onnxruntime-gpu of this platform"
    return f"{named} is installed, which is the build without {provider}", _REINSTALL


def _no_gpu() -> tuple[str | None, str]:
    reason = cuda.why_none()
    if reason is None:
        return None, ""
    if "cuda-bindings" in reason:
        return reason, _GPU_BUILD
    if "no NVIDIA driver" in reason:
        return reason, "install the NVIDIA driver, or measure with --device cpu"
    if "at most" in reason:
        return reason, "install a newer NVIDIA driver, or an older cuda-bindings"
    return reason, "look at CUDA_VISIBLE_DEVICES and nvidia-smi, or measure with --device cpu"


def _no_library(provider: str) -> tuple[str | None, str]:
    """Load what the provider's library is linked to: not itself, which only ONNX Runtime may load."""
    preload(provider)
    folder = _folder()
    if folder is None:
        return None, ""
    faults = []
    for name in needed(folder / _LIBRARIES[provider]):
        beside = folder / name
        try:
            ctypes.CDLL(str(beside if beside.is_file() else name))
        except OSError as error:
            faults.append((name, str(error)))
    if not faults:
        return None, ""
    more = f" (nor can {', '.join(name for name, _ in faults[1:])})" if len(faults) > 1 else ""
    return f"{provider} cannot be loaded: {faults[0][1]}{more}", _mend(faults)


def _mend(faults: Sequence[tuple[str, str]]) -> str:
    import onnxruntime

    major = str(getattr(onnxruntime, "cuda_version", "")).partition(".")[0] or "13"
    tensorrt = any(name.startswith("libnv") for name, _ in faults)
    mends = [_LIBS] if not all(name.startswith("libnv") for name, _ in faults) else []
    if tensorrt:
        mends.append(
            f'pip install "tensorrt-cu{major}<11" (onnxruntime\'s provider is built for TensorRT 10; '
            "native TensorRT 11 wants an environment of its own)"
        )
    return " && ".join(mends)


def _folder() -> Path | None:
    """Return the folder of onnxruntime's own libraries; None where it cannot be told, or not on Linux."""
    found = importlib.util.find_spec("onnxruntime")
    folder = Path(found.origin).parent / "capi" if found is not None and found.origin else None
    return folder if folder is not None and (folder / _CUDA_LIBRARY).is_file() else None


def preload(provider: str) -> None:
    """Load NVIDIA's libraries from the packages that pip installed, where no search path leads.

    What is not there is left to the system's own search; nothing is printed.
    """
    import onnxruntime

    load: Any = getattr(onnxruntime, "preload_dlls", None)
    if load is not None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            load()
    if provider == TENSORRT:
        found = importlib.util.find_spec("tensorrt_libs")
        for folder in map(Path, (found.submodule_search_locations or ()) if found is not None else ()):
            for name in _TENSORRT:
                with contextlib.suppress(OSError):
                    ctypes.CDLL(str(folder / name), mode=ctypes.RTLD_GLOBAL)
