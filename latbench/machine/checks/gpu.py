"""The NVIDIA GPU: whether there is one, its driver, and the libraries that runtimes on CUDA load."""

from latbench.machine.checks.base import Check, Context, Finding
from latbench.machine.nvml import INSTALL

_LIBRARIES = {
    "libcudart": (12, 13),
    "libcublas": (12, 13),
    "libcudnn": (9,),
    "libcufft": (11, 12),
    "libnvinfer": (10, 11),
    "libnvonnxparser": (10, 11),
}
"""What the runtimes on CUDA load, in the majors that they may ask for; each needs one of them."""

_UNSEEN = "clocks, heat, throttling and other work on the GPU are not seen: no row can be flagged for them"
_UNUSABLE = (
    *("no NVIDIA driver", "not loaded", "another version", "shows no card", "hides every card"),
    *("names no card", "knows no card"),
)
"""What a reason says where CUDA finds no card either."""

_MENDS = {
    "pynvml": INSTALL,
    "no NVIDIA driver": "install NVIDIA's driver; start a container with the GPU (docker run --gpus all)",
    "not loaded": "sudo modprobe nvidia, or install the driver for this kernel",
    "another version": "restart the machine: its driver was updated while it ran",
    "shows no card": "start the container with the GPU (docker run --gpus all), or look at nvidia-smi",
    "CUDA_VISIBLE_DEVICES": "set CUDA_VISIBLE_DEVICES to the number or UUID of one card, or unset it",
    "NVML knows no card": "set CUDA_VISIBLE_DEVICES to the number or UUID of one card",
    "may not ask": "let this user read /dev/nvidia*",
}
"""What helps, by what the reason says."""


def _gpu(context: Context) -> Finding:
    seen = context.gpu
    if seen is None:
        without = "nothing can run with --device cuda; the CPU needs none"
        return Finding("note", "no NVIDIA GPU", without, "none, unless the model is to run on one")
    if seen.why is not None:
        return _unseen(seen.why)
    facts = seen.facts
    memory = facts["memory_bytes"]
    parts = (
        facts["name"],
        None if memory is None else f"{memory / 2**20:.0f} MiB",
        _labelled("compute capability", facts["compute_capability"]),
        _labelled("driver", facts["driver"]),
        _labelled("CUDA of the driver up to", facts["cuda_driver"]),
        _labelled("CUDA_VISIBLE_DEVICES", context.environ.get("CUDA_VISIBLE_DEVICES")),
    )
    return Finding("ok", ", ".join(str(part) for part in parts if part))


def _unseen(why: str) -> Finding:
    if "not told" in why:
        return Finding("unknown", why, _UNSEEN)
    mend = next((mend for part, mend in _MENDS.items() if part in why), "nvidia-smi may tell more")
    if any(part in why for part in _UNUSABLE):
        return Finding("problem", f"there is a GPU, but {why}", "nothing can run with --device cuda", mend)
    return Finding("warning", f"there is a GPU, but {why}", _UNSEEN, mend)


def _labelled(label: str, value: object) -> str | None:
    return None if value is None else f"{label} {value}"


def _libraries(context: Context) -> Finding | None:
    if context.gpu is None:
        return None
    found = {stem: context.libraries.find(stem, majors) for stem, majors in _LIBRARIES.items()}
    told = [f"{name} ({folder})" for names in found.values() for name, folder in names.items()]
    missing = [stem for stem, names in found.items() if not names]
    if not missing:
        return Finding("ok", ", ".join(told))
    value = "; ".join(part for part in (", ".join(told), f"not found: {', '.join(missing)}") if part)
    effect = "runtimes that load them cannot run on CUDA; each says so under its own name"
    mend = (
        'pip install "latbench[tensorrt]" for libnvinfer and libnvonnxparser, '
        '"onnxruntime-gpu[cuda,cudnn]" for the others; PyTorch brings its own'
    )
    return Finding("note", value, effect, mend)


CHECK = (Check("gpu", "NVIDIA GPU", _gpu), Check("gpu_libraries", "CUDA libraries", _libraries))
