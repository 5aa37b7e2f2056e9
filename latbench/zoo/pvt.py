"""PVT as published: Wang et al., ICCV 2021, arXiv:2102.12122."""

from functools import partial

from latbench.zoo.spec import Evidence, ModelSpec

CODE = "https://github.com/whai362/PVT"
COMMIT = "57e2dfaa5a46f9050d76f306a4fcd9a7c061f520"
README = f"classification/README.md of {CODE}"

pvt = partial(
    ModelSpec,
    family="PVT",
    paper="Pyramid Vision Transformer: A Versatile Backbone for Dense Prediction without Convolutions, "
    "ICCV 2021, arXiv:2102.12122",
    evidence=Evidence("published", "the authors' code"),
    network="latbench.zoo.networks.pvt:PVT",
    top1_source=README,
    code=CODE,
    commit=COMMIT,
)

MODELS = (
    pvt(
        name="pvt_tiny",
        params=13_229_288,
        macs=1_932_911_616,
        config={"depths": (2, 2, 2, 2)},
        top1=75.1,
    ),
    pvt(
        name="pvt_small",
        params=24_485_864,
        macs=3_815_701_504,
        config={"depths": (3, 4, 6, 3)},
        top1=79.8,
    ),
)
