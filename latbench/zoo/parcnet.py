"""ParC-Net as published: Zhang et al., ECCV 2022, arXiv:2203.03952."""

from functools import partial

from exporters.lowerings.name import VALUES
from latbench.zoo.spec import Evidence, ModelSpec, PublishedLatency, Sizes

ARXIV = "arXiv:2203.03952"
README = "the README of the authors' code"
PARC_PAPER = (
    "ParC-Net: Position Aware Circular Convolution with Merits from ConvNets and Transformer, "
    f"ECCV 2022, {ARXIV}"
)
PARC_CODE = "https://github.com/hkzhang-git/ParC-Net"
PARC_COMMIT = "f6780d0ad795835df2181b8fd4737276deb6e211"
PARC_README = f"README of {PARC_CODE}"
PARC_FORMS = {"parc": VALUES}
AUTHORS = Evidence("published", "the authors' code")
UNREPORTED = Evidence("published", "a configuration in the authors' code; no figure of it is reported")

parcnet = partial(
    ModelSpec,
    family="ParC-Net",
    paper=PARC_PAPER,
    code=PARC_CODE,
    commit=PARC_COMMIT,
    network="latbench.zoo.networks.parcnet:ParCNet",
    forms=PARC_FORMS,
    resolution=256,
    sizes=Sizes(multiple=32),
    calibrated=True,
)

MODELS = (
    parcnet(
        name="parcnet_s",
        params=5_037_088,
        macs=1_657_347_584,
        config={
            "stem": (3, 16),
            "widths": (32, 64),
            "stages": ((96, 192, 384, 2), (128, 256, 512, 4), (160, 320, 640, 3)),
        },
        evidence=AUTHORS,
        top1=78.6,
        top1_source=f"{ARXIV}; {README}",
        latencies=(
            PublishedLatency("Rockchip RK3288, MNN", 353, README),
            PublishedLatency("in-house DP chip", 98, README),
        ),
    ),
    parcnet(
        name="parcnet_xs",
        params=2_185_384,
        macs=944_016_896,
        config={
            "stem": (3, 16),
            "widths": (32, 64),
            "stages": ((96, 96, 192, 2), (128, 128, 256, 3), (160, 160, 320, 2)),
            "fusion": "add",
        },
        evidence=UNREPORTED,
    ),
    parcnet(
        name="parcnet_h",
        params=20_403_940,
        macs=8_544_418_656,
        config={
            "stem": (5, 48),
            "widths": (96, 144),
            "stages": ((216, 324, 648, 3), (288, 432, 864, 9), (432, 432, 864, 3)),
        },
        evidence=UNREPORTED,
    ),
)
