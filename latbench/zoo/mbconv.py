"""MBConv counterparts of EfficientMod, rebuilt from the figures in Table 6 of its paper."""

from functools import partial

from latbench.zoo.efficientmod import ARXIV, LAYOUTS, PAPER, PATCHES, S_CONV, gpu_and_cpu
from latbench.zoo.spec import Evidence, ModelSpec

UNPUBLISHED = "neither code nor configuration is published"
ISOTROPIC = Evidence(
    "inferred",
    f"{UNPUBLISHED}; 7x7 kernels and a ratio of 6.4 reproduce both rows' parameters and FLOPs",
)
HIERARCHICAL = Evidence(
    "inferred",
    f"{UNPUBLISHED}; 7x7 kernels and a ratio of 4.2 on the widths and depths of EfficientMod-s-Conv "
    "reproduce the row's parameters and FLOPs",
)
STEM = (14, 14, 0)

mbconv = partial(
    ModelSpec,
    family="MBConv",
    paper=PAPER,
    top1_source=f"{ARXIV} Table 6",
    network="latbench.zoo.networks.mbconv:MBConvNet",
    forms={"layout": LAYOUTS},
    fastest={target: {"layout": "channels_first"} for target in ("onnxruntime", "tensorrt")},
)

MODELS = (
    mbconv(
        name="mbconv_iso_196x11",
        params=6_432_594,
        macs=1_586_986_912,
        config={"dims": (196,), "depths": (11,), "ratio": 6.4, "stem": STEM},
        sizes=PATCHES,
        evidence=ISOTROPIC,
        top1=72.9,
        latencies=gpu_and_cpu(4.4, 122.2, "Table 6"),
    ),
    mbconv(
        name="mbconv_iso_256x13",
        params=12_410_642,
        macs=3_096_950_272,
        config={"dims": (256,), "depths": (13,), "ratio": 6.4, "stem": STEM},
        sizes=PATCHES,
        evidence=ISOTROPIC,
        top1=77.0,
        latencies=gpu_and_cpu(6.5, 196.5, "Table 6"),
    ),
    mbconv(
        name="mbconv_hier",
        params=12_913_696,
        macs=1_580_688_864,
        config={"dims": S_CONV["dims"], "depths": S_CONV["depths"], "ratio": 4.2},
        evidence=HIERARCHICAL,
        top1=79.8,
        latencies=gpu_and_cpu(9.2, 59.6, "Table 6"),
    ),
)
