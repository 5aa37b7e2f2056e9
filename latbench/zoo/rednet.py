"""RedNet, ResNet with involutions: Li et al., CVPR 2021, arXiv:2103.06255."""

from functools import partial

from exporters.involution.base import AUTO, UNFOLD
from exporters.involution.name import VALUES
from latbench.zoo.spec import Evidence, ModelSpec, Sizes

CODE = "https://github.com/d-li14/involution"
README = "the README of the authors' code (arXiv:2103.06255)"
FORMS = {"involution": VALUES}
EAGER_FORMS = (AUTO, UNFOLD)
"""The values of the option that a module can be run in, without an export."""

rednet = partial(
    ModelSpec,
    family="RedNet",
    paper="Involution: Inverting the Inherence of Convolution for Visual Recognition, CVPR 2021, "
    "arXiv:2103.06255",
    evidence=Evidence("published", "the authors' code, an involution being its unfold form"),
    code=CODE,
    commit="21c3158fcbb4ecda8ed4626fcae8b01be511a598",
    network="latbench.zoo.networks.rednet:RedNet",
    sizes=Sizes(multiple=32),
    forms=FORMS,
    calibrated=True,
    scaled={".bn3.weight": 0.1},
    top1_source=README,
)

MODELS = (
    rednet(
        name="rednet26", params=9_233_166, macs=1_685_176_832, config={"depths": (1, 2, 4, 1)}, top1=75.96
    ),
    rednet(
        name="rednet38", params=12_386_986, macs=2_166_841_344, config={"depths": (2, 3, 5, 2)}, top1=77.48
    ),
    rednet(
        name="rednet50", params=15_540_806, macs=2_648_505_856, config={"depths": (3, 4, 6, 3)}, top1=78.35
    ),
    rednet(
        name="rednet101", params=25_652_950, macs=4_659_008_000, config={"depths": (3, 4, 23, 3)}, top1=78.92
    ),
    rednet(
        name="rednet152", params=33_984_582, macs=6_679_344_640, config={"depths": (3, 8, 36, 3)}, top1=79.12
    ),
)
