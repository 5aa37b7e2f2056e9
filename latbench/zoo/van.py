"""VAN as published: Guo et al., Visual Attention Network, arXiv:2202.09741."""

from functools import partial

from latbench.zoo.efficientmod import gpu_and_cpu
from latbench.zoo.spec import Evidence, ModelSpec

WIDE = (64, 128, 320, 512)

van = partial(
    ModelSpec,
    family="VAN",
    paper="Visual Attention Network, Computational Visual Media 2023, arXiv:2202.09741",
    evidence=Evidence("published", "the authors' code"),
    code="https://github.com/Visual-Attention-Network/VAN-Classification",
    commit="e19779b53a1b0828b51ecb4412d577541aee83a7",
    network="latbench.zoo.networks.van:VAN",
    top1_source="the README of the authors' code",
)

MODELS = (
    van(
        name="van_b0",
        params=4_105_800,
        macs=864_224_000,
        config={"dims": (32, 64, 160, 256), "depths": (3, 3, 5, 2)},
        top1=75.4,
        latencies=gpu_and_cpu(4.5, 16.3, "Table 4"),
    ),
    van(
        name="van_b1",
        params=13_861_800,
        macs=2_495_262_720,
        config={"dims": WIDE, "depths": (2, 2, 4, 2)},
        top1=81.1,
    ),
    van(
        name="van_b2",
        params=26_578_472,
        macs=4_992_773_120,
        config={"dims": WIDE, "depths": (3, 3, 12, 3)},
        calibrated=True,
        top1=82.8,
    ),
)
