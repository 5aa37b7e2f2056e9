"""CvT as published: Wu et al., ICCV 2021, arXiv:2103.15808."""

from functools import partial

from latbench.zoo.spec import Evidence, ModelSpec

CODE = "https://github.com/microsoft/CvT"

cvt = partial(
    ModelSpec,
    family="CvT",
    paper="CvT: Introducing Convolutions to Vision Transformers, ICCV 2021, arXiv:2103.15808",
    evidence=Evidence("published", "the authors' code"),
    network="latbench.zoo.networks.cvt:CvT",
    top1_source=f"README of {CODE}",
    code=CODE,
    commit="f851e681966390779b71380d2600b52360ff4fe1",
)

MODELS = (
    cvt(
        name="cvt_13",
        params=19_997_480,
        macs=4_566_089_216,
        config={"depths": (1, 2, 10)},
        top1=81.6,
    ),
    cvt(
        name="cvt_21",
        params=31_622_696,
        macs=7_177_985_024,
        config={"depths": (1, 4, 16)},
        top1=82.5,
    ),
)
