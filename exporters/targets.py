"""Which passes make the exact graph that is fastest on each target, in the order they run.

Every choice rests on `make bench-export` (see the README); TensorRT's was not run and follows its
documentation: it fuses convolutions with what follows them and wants channels first, which the module's own
form decides.
"""

from exporters.errors import InputError

FIRST = ("norm_through_concat",)
"""Passes of every target that run before circular correlations are looked for, which carry what they fold."""

COMMON = (
    "gelu",
    "layer_norm",
    "fold_scale",
    "fold_norm",
    "linear_residual",
    "norm_into_conv",
    "affine_into_conv",
    "one_transpose",
    "one_gather",
    "spread_pixels",
    "pad_depthwise",
)
LAST = ("pointwise_matmul",)
"""After the passes that look for convolutions: it leaves none where one was marked."""

TARGETS: dict[str, tuple[str, ...]] = {
    "portable": (*COMMON, *LAST),
    "onnxruntime": ("channel_norm", *COMMON, "split_groups", "expand_narrow", "blocked_entry", *LAST),
    "openvino": (*COMMON, "cancel_transposes", "scale_into_product", "group_norm", *LAST),
    "tensorrt": (*COMMON, *LAST),
}


def passes_for(target: str) -> tuple[str, ...]:
    """Return the names of the passes of `target`; InputError lists the targets that exist."""
    if target not in TARGETS:
        raise InputError(f"There is no target {target!r}; use one of: {', '.join(TARGETS)}.")
    return TARGETS[target]
