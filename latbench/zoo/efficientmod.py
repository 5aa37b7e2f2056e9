"""EfficientMod as published: Ma et al., Efficient Modulation for Vision Networks, ICLR 2024."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from latbench.zoo.spec import Evidence, ModelSpec, PublishedLatency, Sizes

ARXIV = "arXiv:2403.19963"
PAPER = f"Efficient Modulation for Vision Networks, ICLR 2024, {ARXIV}"
P100 = "P100 GPU, ONNX Runtime, batch 1, mean of 4000"
XEON = "Xeon E5-2680, 4 threads, ONNX Runtime, batch 1"
OTHER_GPUS = ("T4 GPU, ONNX, batch 1", "V100-SXM2 GPU, ONNX, batch 1", "A100-SXM4-40GB GPU, ONNX, batch 1")
LAYOUTS = ("channels_last", "channels_first", "blocked")
FASTEST = {"onnxruntime": {"layout": "blocked"}, "tensorrt": {"layout": "channels_first"}}
AUTHORS = Evidence("published", "the authors' code")
ISOTROPIC = Evidence(
    "inferred",
    "the authors' class with the paper's patch size, channels and depth; a ratio of 6 in every block "
    "reproduces the published parameters and FLOPs",
)
PATCHES = Sizes(multiple=14)
S_CONV: Mapping[str, Any] = {
    "dims": (40, 80, 160, 344),
    "depths": (4, 4, 12, 8),
    "attentions": (0, 0, 0, 0),
    "mlp_ratios": (4, 4, 4, 4),
}

efficientmod = partial(
    ModelSpec,
    family="EfficientMod",
    paper=PAPER,
    evidence=AUTHORS,
    code="https://github.com/ma-xu/EfficientMod",
    commit="ec04df6da43b91414f3fd9ad0ea7a1161be6157c",
    network="latbench.zoo.networks.efficientmod:EfficientMod",
    forms={"expand": ("broadcast", "repeat"), "layout": LAYOUTS},
    fastest=FASTEST,
)


def gpu_and_cpu(gpu: float, cpu: float, place: str) -> tuple[PublishedLatency, ...]:
    """Return the paper's latencies on its P100 and its Xeon, in milliseconds; `place` is where they stand."""
    return (PublishedLatency(P100, gpu, f"{ARXIV} {place}"), PublishedLatency(XEON, cpu, f"{ARXIV} {place}"))


def other_gpus(*milliseconds: float) -> tuple[PublishedLatency, ...]:
    """Return the latencies of the paper's Table 10 on T4, V100 and A100."""
    pairs = zip(OTHER_GPUS, milliseconds, strict=True)
    return tuple(PublishedLatency(device, ms, f"{ARXIV} Table 10") for device, ms in pairs)


def isotropic(channels: int, depth: int) -> Mapping[str, Any]:
    """Return the configuration of one stage on 14x14 patches: `depth` blocks of `channels`, ratio 6."""
    stage = {"dims": (channels,), "depths": (depth,), "attentions": (0,), "mlp_ratios": (4,)}
    return {**stage, "ratios": (6,), "stem": (14, 14, 0)}


MODELS = (
    efficientmod(
        name="efficientmod_xxs",
        params=4_736_264,
        macs=579_111_424,
        config={
            "dims": (32, 64, 128, 256),
            "depths": (2, 2, 6, 2),
            "attentions": (0, 0, 1, 2),
            "mlp_ratios": (4, 4, 4, 4),
        },
        top1=76.0,
        top1_source=f"{ARXIV} Table 1",
        latencies=gpu_and_cpu(3.0, 10.2, "Table 1") + other_gpus(2.0, 1.9, 2.2),
    ),
    efficientmod(
        name="efficientmod_xs",
        params=6_627_544,
        macs=773_098_752,
        config={
            "dims": (32, 64, 144, 288),
            "depths": (3, 3, 4, 2),
            "attentions": (0, 0, 3, 3),
            "mlp_ratios": (4, 4, 4, 4),
            "ratios": (1, 4),
        },
        top1=78.3,
        top1_source=f"{ARXIV} Table 1",
        latencies=gpu_and_cpu(3.6, 13.4, "Table 1") + other_gpus(2.5, 2.3, 2.6),
    ),
    efficientmod(
        name="efficientmod_s",
        params=12_897_184,
        macs=1_402_143_200,
        config={
            "dims": (32, 64, 144, 312),
            "depths": (4, 4, 8, 4),
            "attentions": (0, 0, 4, 4),
            "mlp_ratios": (4, 4, 4, 5),
        },
        top1=81.0,
        top1_source=f"{ARXIV} Table 1",
        latencies=gpu_and_cpu(5.5, 23.5, "Table 1") + other_gpus(3.9, 3.3, 3.8),
    ),
    efficientmod(
        name="efficientmod_s_conv",
        params=12_872_336,
        macs=1_470_798_720,
        config=S_CONV,
        top1=80.5,
        top1_source=f"{ARXIV} Table 2",
        latencies=gpu_and_cpu(5.8, 25.0, "Table 6"),
    ),
    efficientmod(
        name="efficientmod_iso_196x11",
        params=6_362_964,
        macs=1_571_256_736,
        config=isotropic(196, 11),
        sizes=PATCHES,
        evidence=ISOTROPIC,
        top1=72.9,
        top1_source=f"{ARXIV} Table 6",
        latencies=gpu_and_cpu(2.9, 19.3, "Table 6"),
    ),
    efficientmod(
        name="efficientmod_iso_256x13",
        params=12_542_696,
        macs=3_133_990_912,
        config=isotropic(256, 13),
        sizes=PATCHES,
        evidence=ISOTROPIC,
        top1=77.6,
        top1_source=f"{ARXIV} Table 6",
        latencies=gpu_and_cpu(4.2, 39.1, "Table 6"),
    ),
)
