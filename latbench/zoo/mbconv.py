"""MBConv counterparts of EfficientMod (Table 6 of arXiv:2403.19963): the paper's rivals, rebuilt from its figures."""

from collections.abc import Mapping
from typing import Any

from latbench.zoo.efficientmod import PAPER, PATCHES, on_p100_and_xeon
from latbench.zoo.spec import Evidence, ModelSpec, Sizes

REBUILT = "neither code nor full configuration is published; 7x7 kernels and an expansion ratio of"
ISOTROPIC = Evidence("inferred", f"{REBUILT} 6.4 reproduce the published parameters and FLOPs of both rows")
HIERARCHICAL = Evidence(
    "inferred",
    f"{REBUILT} 4.2 on the widths and depths of EfficientMod-s-Conv reproduce the published figures",
)


def mbconv(
    name: str,
    params: int,
    macs: int,
    config: Mapping[str, Any],
    top1: float,
    gpu: float,
    cpu: float,
    evidence: Evidence,
    sizes: Sizes = Sizes(),  # noqa: B008 - immutable
) -> ModelSpec:
    """Return the spec of one MBConv row of Table 6."""
    return ModelSpec(
        name=name,
        family="MBConv",
        params=params,
        macs=macs,
        paper=PAPER,
        evidence=evidence,
        network="latbench.zoo.networks.mbconv:MBConvNet",
        config=config,
        top1=top1,
        top1_source="arXiv:2403.19963 Table 6",
        latencies=on_p100_and_xeon(gpu, cpu, "Table 6"),
        sizes=sizes,
        forms={"layout": ("channels_last", "channels_first")},
    )


def isotropic(channels: int, depth: int) -> Mapping[str, Any]:
    """Return the configuration of one resolution throughout: 14x14 patches, `depth` blocks of `channels`."""
    return {"dims": (channels,), "depths": (depth,), "ratio": 6.4, "stem": (14, 14, 0)}


MODELS = (
    mbconv(
        "mbconv_iso_196x11",
        6_432_594,
        1_586_986_912,
        isotropic(196, 11),
        72.9,
        4.4,
        122.2,
        ISOTROPIC,
        PATCHES,
    ),
    mbconv(
        "mbconv_iso_256x13",
        12_410_642,
        3_096_950_272,
        isotropic(256, 13),
        77.0,
        6.5,
        196.5,
        ISOTROPIC,
        PATCHES,
    ),
    mbconv(
        "mbconv_hier",
        12_913_696,
        1_580_688_864,
        {"dims": (40, 80, 160, 344), "depths": (4, 4, 12, 8), "ratio": 4.2},
        79.8,
        9.2,
        59.6,
        HIERARCHICAL,
    ),
)
