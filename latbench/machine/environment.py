"""Environment variables that change how fast, or how exactly, a network runs."""

from collections.abc import Mapping

PREFIXES = (
    *("OMP_", "KMP_", "GOMP_", "MKL_", "BLIS_", "OPENBLAS_", "GOTO_", "VECLIB_", "NUMEXPR_", "TBB_"),
    *("DNNL_", "ONEDNN_", "ATEN_", "TORCH_", "TORCHINDUCTOR_", "PYTORCH_", "OV_", "OPENVINO_", "ORT_"),
    *("CUDA_LAUNCH_BLOCKING", "CUDA_MODULE_LOADING", "CUDA_DEVICE_MAX_CONNECTIONS", "CUDA_FORCE_PTX_JIT"),
    *("CUDA_AUTO_BOOST", "CUDA_DISABLE_PTX_JIT", "CUDA_MPS_", "CUBLAS_", "CUBLASLT_", "NVIDIA_TF32_OVERRIDE"),
    *("MALLOC_", "JEMALLOC_", "TCMALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD", "LD_BIND_NOW"),
)
"""What the names of such variables begin with: thread libraries, kernels, runtimes, CUDA, allocators."""


def speed_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of `environ` that thread libraries, kernels or allocators read, sorted by name."""
    return {name: value for name, value in sorted(environ.items()) if name.startswith(PREFIXES)}
