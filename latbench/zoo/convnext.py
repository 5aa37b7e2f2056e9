"""ConvNeXt, and ParC-ConvNeXt as published: Zhang et al., ParC-Net, ECCV 2022."""

from functools import partial

from latbench.zoo.efficientmod import LAYOUTS
from latbench.zoo.parcnet import AUTHORS, PARC_CODE, PARC_COMMIT, PARC_FORMS, PARC_PAPER, PARC_README
from latbench.zoo.resnet import LAST_BLOCKS, on_xeon
from latbench.zoo.spec import Evidence, ModelSpec

PAPER = "A ConvNet for the 2020s, CVPR 2022, arXiv:2201.03545"
XT = (48, 96, 192, 384)
T = (96, 192, 384, 768)

convnext = partial(
    ModelSpec,
    family="ConvNeXt",
    paper=PAPER,
    evidence=AUTHORS,
    network="latbench.zoo.networks.convnext:ConvNeXt",
    forms={"layout": LAYOUTS},
)
parc_convnext = partial(
    convnext,
    family="ParC-ConvNeXt",
    paper=PARC_PAPER,
    code=PARC_CODE,
    commit=PARC_COMMIT,
    forms={**PARC_FORMS, "layout": LAYOUTS},
)

MODELS = (
    convnext(
        name="convnext_xt",
        params=7_438_360,
        macs=1_143_964_032,
        evidence=Evidence("published", "the code of ParC-Net, its class without any ParC"),
        code=PARC_CODE,
        commit=PARC_COMMIT,
        config={"dims": XT},
        top1=77.5,
        top1_source=PARC_README,
        latencies=on_xeon(47),
    ),
    convnext(
        name="convnext_t",
        params=28_589_128,
        macs=4_455_531_264,
        code="https://github.com/facebookresearch/ConvNeXt",
        commit="06f7b05f922e21914916406141f50f82b4a15852",
        config={"dims": T},
        top1=82.1,
        top1_source="README of https://github.com/facebookresearch/ConvNeXt",
    ),
    parc_convnext(
        name="parc_convnext_xt",
        params=7_412_824,
        macs=1_139_222_400,
        config={"dims": XT, "circular": LAST_BLOCKS},
        top1=78.3,
        top1_source=PARC_README,
        latencies=on_xeon(48),
    ),
    parc_convnext(
        name="parc_convnext_t",
        params=28_538_056,
        macs=4_446_048_000,
        evidence=Evidence("published", "the authors' class with its own defaults; no figure is published"),
        config={"dims": T, "circular": LAST_BLOCKS},
    ),
)
