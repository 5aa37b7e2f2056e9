"""CSWin Transformer as published: Dong et al., CVPR 2022, arXiv:2107.00652."""

from functools import partial

from latbench.zoo.spec import Evidence, ModelSpec

CODE = "https://github.com/microsoft/CSWin-Transformer"
NARROW = {"dims": (64, 128, 256, 512), "heads": (2, 4, 8, 16)}

cswin = partial(
    ModelSpec,
    family="CSWin",
    paper="CSWin Transformer: A General Vision Transformer Backbone with Cross-Shaped Windows, "
    "CVPR 2022, arXiv:2107.00652",
    evidence=Evidence(
        "published",
        "the authors' code; other sizes than 224 fill stripes up as their code for segmentation does",
    ),
    network="latbench.zoo.networks.cswin:CSWin",
    top1_source=f"README of {CODE}",
    code=CODE,
    commit="f111ae2f771df32006e7afd7916835dd67d4cb9d",
)

MODELS = (
    cswin(
        name="cswin_tiny",
        params=22_320_552,
        macs=4_324_203_008,
        config={"depths": (1, 2, 21, 1), **NARROW},
        top1=82.8,
    ),
    cswin(
        name="cswin_small",
        params=34_643_304,
        macs=6_800_714_752,
        config={"depths": (2, 4, 32, 2), **NARROW},
        top1=83.6,
    ),
    cswin(
        name="cswin_base",
        params=77_382_184,
        macs=14_955_348_480,
        config={"depths": (2, 4, 32, 2), "dims": (96, 192, 384, 768), "heads": (4, 8, 16, 32)},
        top1=84.2,
    ),
)
