"""Swin Transformer as published: Liu et al., ICCV 2021, arXiv:2103.14030; 4x4 patches, windows of 7."""

from functools import partial

from latbench.zoo.spec import Evidence, ModelSpec, Sizes

CODE = "https://github.com/microsoft/Swin-Transformer"

swin = partial(
    ModelSpec,
    family="Swin",
    paper="Swin Transformer: Hierarchical Vision Transformer using Shifted Windows, "
    "ICCV 2021, arXiv:2103.14030",
    evidence=Evidence(
        "published",
        "the authors' code; other sizes than 224 fill windows up as their code for detection does",
    ),
    network="latbench.zoo.networks.swin:Swin",
    sizes=Sizes(multiple=4),
    top1_source=f"README of {CODE}",
    code=CODE,
    commit="9cd3dbd4a60ffc82f930f189284e46a5ad1f3bb0",
)

MODELS = (
    swin(
        name="swin_tiny",
        params=28_288_354,
        macs=4_490_566_656,
        config={"dims": (96, 192, 384, 768), "depths": (2, 2, 6, 2), "heads": (3, 6, 12, 24)},
        top1=81.2,
    ),
    swin(
        name="swin_small",
        params=49_606_258,
        macs=8_740_875_264,
        config={"dims": (96, 192, 384, 768), "depths": (2, 2, 18, 2), "heads": (3, 6, 12, 24)},
        top1=83.2,
    ),
    swin(
        name="swin_base",
        params=87_768_224,
        macs=15_430_946_816,
        config={"dims": (128, 256, 512, 1024), "depths": (2, 2, 18, 2), "heads": (4, 8, 16, 32)},
        top1=83.5,
    ),
)
