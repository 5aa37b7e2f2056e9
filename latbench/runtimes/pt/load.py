"""A module loaded: built by its factory, placed, cast and laid out as asked, in eval and inference mode."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.pt import cuda

HALVES = {"fp16": "float16", "bf16": "bfloat16"}
"""Precisions that the weights are cast to, and PyTorch's names of them."""


@contextmanager
def loaded(
    source: Source, options: SessionOptions, *, channels_last: bool, cudnn_benchmark: bool
) -> Iterator[tuple[Any, Any, cuda.Gpu | None]]:
    """Yield the module in eval mode where `options` want it, its inference mode, and the GPU (None: the CPU).

    Inference mode stays entered unless the block raises. On a GPU, TF32 is off but for precision "tf32".
    MemoryError when the GPU's memory is full.
    """
    import torch

    torch.set_num_threads(options.threads)
    if torch.get_num_interop_threads() != 1:
        torch.set_num_interop_threads(1)
    gpu = None if options.device == "cpu" else cuda.Gpu()
    if gpu is not None:
        cuda.allow_tf32(options.precision == "tf32")
        torch.backends.cudnn.benchmark = cudnn_benchmark
    dtype = getattr(torch, HALVES[options.precision]) if options.precision in HALVES else None
    with cuda.out_of_memory():
        module = build(source).eval()
        if gpu is not None or dtype is not None:
            module = module.to(device=None if gpu is None else gpu.device, dtype=dtype)
        if channels_last:
            module = module.to(memory_format=torch.channels_last)
        if dtype is not None or channels_last:
            module = _adapted(module, dtype, channels_last=channels_last).eval()
    mode = torch.inference_mode()
    mode.__enter__()
    try:
        yield module, mode, gpu
    except BaseException:
        mode.__exit__(None, None, None)
        raise


def _adapted(module: Any, dtype: Any, *, channels_last: bool) -> Any:
    """Return `module` with its inputs cast to `dtype` and laid out, its outputs cast back to float32.

    The casts are part of the inference: from outside the types are those of the module in float32.
    """
    import torch

    def given(tensor: Any) -> Any:
        if dtype is not None and tensor.is_floating_point():
            tensor = tensor.to(dtype)
        if channels_last and tensor.dim() == 4:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        return tensor

    def returned(result: Any) -> Any:
        if isinstance(result, torch.Tensor):
            return result.float() if result.dtype is dtype else result
        if isinstance(result, Mapping):
            return {name: returned(tensor) for name, tensor in result.items()}
        return tuple(returned(tensor) for tensor in result)

    class Adapted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module, self.computes_in = module, dtype

        def forward(self, *tensors: Any) -> Any:
            return returned(self.module(*(given(tensor) for tensor in tensors)))

    return Adapted()


def build(source: Source) -> Any:
    """Return the module that the source's factory makes; BadInput naming the factory when it cannot."""
    package, _, attribute = str(source.factory).partition(":")
    if not package or not attribute:
        raise BadInput(f"A factory is written package.module:callable, not {source.factory!r}.")
    try:
        factory = attrgetter(attribute)(importlib.import_module(package))
    except (ImportError, AttributeError) as error:
        raise BadInput(f"The factory {source.factory} cannot be imported: {error}.") from error
    module = factory(**source.kwargs)
    if not hasattr(module, "eval") or not callable(module):
        raise BadInput(f"The factory {source.factory} returned a {type(module).__name__}, not an nn.Module.")
    return module
