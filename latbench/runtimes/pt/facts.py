"""What is read back of a loaded module and of PyTorch: where it is, its precision, threads, layout."""

import os
from typing import Any

from latbench.runtimes.base import Facts
from latbench.runtimes.pt import cuda
from latbench.runtimes.pt.load import HALVES

_WAIT_POLICIES = {"passive": False, "active": True}
_NAMES = {"torch.float32": "fp32", "torch.float64": "fp64"} | {
    f"torch.{one}": name for name, one in HALVES.items()
}


def facts(module: Any, provider: str, gpu: cuda.Gpu | None, **extra: Any) -> Facts:
    """Return what is read back from a loaded module, with `extra` beside it."""
    import torch

    return Facts(
        provider=provider,
        device=next(
            (tensor.device.type for tensor in module.parameters()), "cpu" if gpu is None else gpu.device
        ),
        precision=_precision(module, gpu),
        threads=torch.get_num_threads(),
        spinning=_WAIT_POLICIES.get(os.environ.get("OMP_WAIT_POLICY", "").lower()),
        version=torch.__version__,
        extra={
            "interop_threads": torch.get_num_interop_threads(),
            "float32_matmul_precision": torch.get_float32_matmul_precision(),
            "inference_mode": torch.is_inference_mode_enabled(),
            "channels_last": _channels_last(module),
            **({} if gpu is None else gpu.facts()),
            **extra,
        },
    )


def _precision(module: Any, gpu: cuda.Gpu | None) -> str | None:
    """Return the format of the parameters; of float32 on a GPU, whether its products are TF32.

    "mixed" for several formats, or where only some products may be less exact.
    """
    import torch

    given = getattr(module, "computes_in", None) or torch.get_default_dtype()
    formats = {_NAMES.get(str(tensor.dtype)) for tensor in module.parameters()} or {_NAMES.get(str(given))}
    if len(formats) > 1:
        return "mixed"
    (found,) = formats
    if found != "fp32" or gpu is None:
        return found if torch.get_float32_matmul_precision() == "highest" else "mixed"
    return gpu.float32()


def _channels_last(module: Any) -> bool | None:
    """Return whether the weights with four axes lie channels last, None where their layout tells nothing."""
    import torch

    formats = (torch.channels_last, torch.contiguous_format)
    four = [tensor for tensor in module.parameters() if tensor.dim() == 4]
    told = [[one.is_contiguous(memory_format=kind) for kind in formats] for one in four]
    lasts = [last for last, plain in told if last != plain]  # those of 1x1 convolutions are both
    return all(lasts) if lasts else None
