"""EfficientMod as published: Ma et al., "Efficient Modulation for Vision Networks", ICLR 2024, arXiv:2403.19963."""

from collections.abc import Mapping
from typing import Any

from latbench.zoo.spec import Evidence, ModelSpec, PublishedLatency, Sizes

PAPER = "EfficientMod, ICLR 2024, arXiv:2403.19963"
CODE = "https://github.com/ma-xu/EfficientMod"
COMMIT = "ec04df6da43b91414f3fd9ad0ea7a1161be6157c"
FORMS = {"expand": ("broadcast", "repeat"), "layout": ("channels_last", "channels_first")}
P100 = "P100 GPU, ONNX Runtime, batch 1, mean of 4000"
XEON = "Xeon E5-2680, 4 threads, ONNX Runtime, batch 1"
FURTHER = tuple(f"{device} GPU, ONNX, batch 1" for device in ("T4", "V100-SXM2", "A100-SXM4-40GB"))
S_CONV: Mapping[str, Any] = {
    "dims": (40, 80, 160, 344),
    "depths": (4, 4, 12, 8),
    "attentions": (0, 0, 0, 0),
    "mlp_ratios": (4, 4, 4, 4),
}
AUTHORS = Evidence("published", "the authors' code")
ISOTROPIC = Evidence(
    "inferred",
    "built with the authors' class; the paper gives patch size, channels and depth, and the ratio 6 in every block "
    "is the one that reproduces its parameters and FLOPs",
)


def on_p100_and_xeon(gpu: float, cpu: float, source: str) -> tuple[PublishedLatency, ...]:
    """Return the paper's two latencies in milliseconds, found in its `source` (a table)."""
    where = f"arXiv:2403.19963 {source}"
    return (PublishedLatency(P100, gpu, where), PublishedLatency(XEON, cpu, where))


def on_further_gpus(t4: float, v100: float, a100: float) -> tuple[PublishedLatency, ...]:
    """Return the paper's latencies in milliseconds on three more GPUs (Table 10)."""
    pairs = zip(FURTHER, (t4, v100, a100), strict=True)
    return tuple(PublishedLatency(device, ms, "arXiv:2403.19963 Table 10") for device, ms in pairs)


def efficientmod(
    name: str,
    params: int,
    macs: int,
    config: Mapping[str, Any],
    top1: float | None,
    table: str,
    latencies: tuple[PublishedLatency, ...] = (),
    evidence: Evidence = AUTHORS,
    sizes: Sizes = Sizes(),  # noqa: B008 - immutable
) -> ModelSpec:
    """Return the spec of one EfficientMod network; `table` says where in the paper its accuracy stands."""
    return ModelSpec(
        name=name,
        family="EfficientMod",
        params=params,
        macs=macs,
        paper=PAPER,
        evidence=evidence,
        network="latbench.zoo.networks.efficientmod:EfficientMod",
        config=config,
        top1=top1,
        top1_source=None if top1 is None else f"arXiv:2403.19963 {table}",
        latencies=latencies,
        code=CODE,
        commit=COMMIT,
        sizes=sizes,
        forms=FORMS,
    )


def isotropic(channels: int, depth: int) -> Mapping[str, Any]:
    """Return the configuration of one resolution throughout: 14x14 patches, `depth` blocks of `channels`."""
    return {
        "dims": (channels,),
        "depths": (depth,),
        "attentions": (0,),
        "mlp_ratios": (4,),
        "ratios": (6,),
        "stem": (14, 14, 0),
    }


PATCHES = Sizes(smallest=32, multiple=14)

MODELS = (
    efficientmod(
        "efficientmod_xxs",
        4_736_264,
        579_111_424,
        {
            "dims": (32, 64, 128, 256),
            "depths": (2, 2, 6, 2),
            "attentions": (0, 0, 1, 2),
            "mlp_ratios": (4, 4, 4, 4),
        },
        76.0,
        "Table 1",
        on_p100_and_xeon(3.0, 10.2, "Table 1") + on_further_gpus(2.0, 1.9, 2.2),
    ),
    efficientmod(
        "efficientmod_xs",
        6_627_544,
        773_098_752,
        {
            "dims": (32, 64, 144, 288),
            "depths": (3, 3, 4, 2),
            "attentions": (0, 0, 3, 3),
            "mlp_ratios": (4, 4, 4, 4),
            "ratios": (1, 4),
        },
        78.3,
        "Table 1",
        on_p100_and_xeon(3.6, 13.4, "Table 1") + on_further_gpus(2.5, 2.3, 2.6),
    ),
    efficientmod(
        "efficientmod_s",
        12_897_184,
        1_402_143_200,
        {
            "dims": (32, 64, 144, 312),
            "depths": (4, 4, 8, 4),
            "attentions": (0, 0, 4, 4),
            "mlp_ratios": (4, 4, 4, 5),
        },
        81.0,
        "Table 1",
        on_p100_and_xeon(5.5, 23.5, "Table 1") + on_further_gpus(3.9, 3.3, 3.8),
    ),
    efficientmod(
        "efficientmod_s_conv",
        12_872_336,
        1_470_798_720,
        S_CONV,
        80.5,
        "Table 2",
        on_p100_and_xeon(5.8, 25.0, "Table 6"),
    ),
    efficientmod(
        "efficientmod_iso_196x11",
        6_362_964,
        1_571_256_736,
        isotropic(196, 11),
        72.9,
        "Table 6",
        on_p100_and_xeon(2.9, 19.3, "Table 6"),
        ISOTROPIC,
        PATCHES,
    ),
    efficientmod(
        "efficientmod_iso_256x13",
        12_542_696,
        3_133_990_912,
        isotropic(256, 13),
        77.6,
        "Table 6",
        on_p100_and_xeon(4.2, 39.1, "Table 6"),
        ISOTROPIC,
        PATCHES,
    ),
)
