"""MobileNetV2, and ParC-MobileNetV2 as published: Zhang et al., ParC-Net, ECCV 2022."""

from functools import partial

from latbench.zoo.parcnet import AUTHORS, PARC_CODE, PARC_COMMIT, PARC_FORMS, PARC_PAPER, PARC_README
from latbench.zoo.resnet import TORCHVISION, on_xeon
from latbench.zoo.spec import Evidence, ModelSpec

mobilenetv2 = partial(
    ModelSpec,
    evidence=AUTHORS,
    network="latbench.zoo.networks.mobilenetv2:MobileNetV2",
    calibrated=True,
    top1_source=f"{PARC_README}, trained there",
)

MODELS = (
    mobilenetv2(
        name="mobilenetv2",
        family="MobileNetV2",
        params=3_504_872,
        macs=300_774_272,
        paper="MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, arXiv:1801.04381",
        evidence=Evidence("published", "torchvision's code"),
        code=TORCHVISION,
        commit="9173b13b7ed3f9cc2426fe84aa15b47969a69828",
        config={},
        top1=70.2,
        latencies=on_xeon(24),
    ),
    mobilenetv2(
        name="parc_mobilenetv2",
        family="ParC-MobileNetV2",
        params=3_532_136,
        macs=301_997_312,
        paper=PARC_PAPER,
        code=PARC_CODE,
        commit=PARC_COMMIT,
        config={"circular": (0, 0, 0, 2, 1, 1, 0)},
        forms=PARC_FORMS,
        top1=71.1,
        latencies=on_xeon(27),
    ),
)
