"""ResNet-50, and ParC-ResNet50 as published: Zhang et al., ParC-Net, ECCV 2022."""

from functools import partial

from latbench.zoo.parcnet import AUTHORS, PARC_CODE, PARC_COMMIT, PARC_FORMS, PARC_PAPER, PARC_README
from latbench.zoo.spec import Evidence, ModelSpec, PublishedLatency

XEON = "Xeon E5-2680 v4"
TORCHVISION = "https://github.com/pytorch/vision"
LAST_BLOCKS = (0, 0, 3, 1)
"""The blocks, counted from the end of each stage, that are ParC in ParC-ResNet50 and ParC-ConvNeXt."""


def on_xeon(ms: float) -> tuple[PublishedLatency, ...]:
    """Return the latency that the authors of ParC-Net state for their CPU, in milliseconds."""
    return (PublishedLatency(XEON, ms, PARC_README),)


resnet = partial(
    ModelSpec,
    evidence=AUTHORS,
    network="latbench.zoo.networks.resnet:ResNet",
    top1_source=f"{PARC_README}, trained there with ConvNeXt's recipe",
    latencies=on_xeon(98),
)

MODELS = (
    resnet(
        name="resnet50",
        family="ResNet",
        params=25_557_032,
        macs=4_089_184_256,
        paper="Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385",
        evidence=Evidence("published", "torchvision's code, with the stride in the 3x3 convolution"),
        code=TORCHVISION,
        commit="f50e776b051ddf007b90d7bc8f70b0708c12d008",
        config={"depths": (3, 4, 6, 3)},
        top1=79.1,
    ),
    resnet(
        name="parc_resnet50",
        family="ParC-ResNet",
        params=23_737_640,
        macs=3_941_466_112,
        paper=PARC_PAPER,
        code=PARC_CODE,
        commit=PARC_COMMIT,
        config={"depths": (3, 4, 6, 3), "circular": LAST_BLOCKS},
        forms=PARC_FORMS,
        top1=79.6,
    ),
)
