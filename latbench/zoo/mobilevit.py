"""MobileViT as published: Mehta and Rastegari, ICLR 2022, arXiv:2110.02178."""

from functools import partial

from latbench.zoo.efficientmod import ARXIV as EFFICIENTMOD
from latbench.zoo.efficientmod import gpu_and_cpu, other_gpus
from latbench.zoo.parcnet import PARC_CODE, PARC_COMMIT
from latbench.zoo.spec import Evidence, ModelSpec, PublishedLatency, Sizes

ARXIV = "arXiv:2110.02178"
PARCNET = "the README of ParC-Net's code (arXiv:2203.03952)"

mobilevit = partial(
    ModelSpec,
    family="MobileViT",
    paper="MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer, "
    f"ICLR 2022, {ARXIV}",
    evidence=Evidence("published", "the authors' library cvnets, as the code of ParC-Net carries it"),
    code=PARC_CODE,
    commit=PARC_COMMIT,
    network="latbench.zoo.networks.mobilevit:MobileViT",
    resolution=256,
    sizes=Sizes(multiple=32),
    calibrated=True,
    top1_source=ARXIV,
)

MODELS = (
    mobilevit(
        name="mobilevit_s",
        params=5_578_632,
        macs=2_000_831_488,
        config={"widths": (32, 64), "channels": (96, 128, 160), "dims": (144, 192, 240)},
        top1=78.4,
        latencies=(
            PublishedLatency("Rockchip RK3288, MNN", 457, PARCNET),
            PublishedLatency("in-house DP chip", 368, PARCNET),
        ),
    ),
    mobilevit(
        name="mobilevit_xs",
        params=2_317_848,
        macs=1_025_911_808,
        config={"widths": (32, 48), "channels": (64, 80, 96), "dims": (96, 120, 144)},
        top1=74.8,
        latencies=(
            *gpu_and_cpu(4.1, 21.0, "Table 1"),
            *other_gpus(3.5, 2.3, 2.4),
            PublishedLatency("iPhone 13, Core ML", 25.8, f"{EFFICIENTMOD} Table 12"),
        ),
    ),
    mobilevit(
        name="mobilevit_xxs",
        params=1_272_024,
        macs=407_364_096,
        config={"widths": (16, 24), "channels": (48, 64, 80), "dims": (64, 80, 96), "expansion": 2},
        top1=69.0,
    ),
)
