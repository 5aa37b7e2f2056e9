"""CETNet, rebuilt from what its paper tells: Wang et al., ECCV 2022, arXiv:2207.13317."""

from functools import partial

from latbench.zoo.spec import Evidence, ModelSpec

ARXIV = "arXiv:2207.13317"
PAPER = f"Convolutional Embedding Makes Hierarchical Vision Transformer Stronger, ECCV 2022, {ARXIV}"
SOURCE = f"{ARXIV}v2, as the data of igm503/heedless-backbones transcribe it"
RECONSTRUCTION = Evidence(
    "reconstruction",
    "no code is published: what the paper leaves open was fitted to its parameters and MACs, "
    "choice by choice in docs/reconstructions.md",
)

cetnet = partial(
    ModelSpec,
    family="CETNet",
    paper=PAPER,
    evidence=RECONSTRUCTION,
    network="latbench.zoo.networks.cetnet:CETNet",
    top1_source=SOURCE,
)

MODELS = (
    cetnet(
        name="cetnet_t",
        params=23_393_444,
        macs=4_322_522_112,
        config={"dims": (64, 128, 256, 512), "depths": (2, 2, 18, 2)},
        top1=82.7,
    ),
    cetnet(
        name="cetnet_s",
        params=33_768_688,
        macs=6_952_371_712,
        config={"dims": (64, 128, 256, 512), "depths": (4, 4, 30, 2), "units": (4, 4, 4, 5)},
        top1=83.4,
    ),
    cetnet(
        name="cetnet_b",
        params=75_183_220,
        macs=15_370_692_864,
        config={"dims": (96, 192, 384, 768), "depths": (4, 4, 30, 2), "units": (4, 4, 4, 5)},
        top1=83.8,
    ),
)
