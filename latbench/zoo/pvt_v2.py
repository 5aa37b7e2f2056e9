"""PVTv2 as published: Wang et al., Computational Visual Media 2022, arXiv:2106.13797."""

from functools import partial

from latbench.zoo.pvt import pvt

WIDE = (64, 128, 320, 512)

pvt_v2 = partial(
    pvt,
    family="PVTv2",
    paper="PVT v2: Improved Baselines with Pyramid Vision Transformer, "
    "Computational Visual Media 2022, arXiv:2106.13797",
    network="latbench.zoo.networks.pvt_v2:PVTv2",
)

MODELS = (
    pvt_v2(
        name="pvt_v2_b0",
        params=3_666_760,
        macs=566_065_664,
        config={"dims": (32, 64, 160, 256), "depths": (2, 2, 2, 2)},
        top1=70.5,
    ),
    pvt_v2(
        name="pvt_v2_b1",
        params=14_009_000,
        macs=2_108_355_584,
        config={"dims": WIDE, "depths": (2, 2, 2, 2)},
        top1=78.7,
    ),
    pvt_v2(
        name="pvt_v2_b2",
        params=25_362_856,
        macs=4_026_734_592,
        config={"dims": WIDE, "depths": (3, 4, 6, 3)},
        top1=82.0,
    ),
)
