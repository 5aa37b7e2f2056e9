"""EdgeViT as published: Pan et al., EdgeViTs, ECCV 2022, arXiv:2205.03436."""

from functools import partial

from latbench.zoo.efficientmod import ARXIV as EFFICIENTMOD
from latbench.zoo.efficientmod import AUTHORS, gpu_and_cpu, other_gpus
from latbench.zoo.parcnet import PARC_README
from latbench.zoo.spec import ModelSpec, PublishedLatency, Sizes

WIDE = (48, 96, 240, 384)

edgevit = partial(
    ModelSpec,
    family="EdgeViT",
    paper="EdgeViTs: Competing Light-weight CNNs on Mobile Devices with Vision Transformers, ECCV 2022, "
    "arXiv:2205.03436",
    evidence=AUTHORS,
    code="https://github.com/saic-fi/edgevit",
    commit="df3d070addc3dc761173429426eab5edeb0d6343",
    network="latbench.zoo.networks.edgevit:EdgeViT",
    sizes=Sizes(multiple=32),
    top1_source=f"{EFFICIENTMOD} Table 1, without distillation",
)

MODELS = (
    edgevit(
        name="edgevit_xxs",
        params=4_067_704,
        macs=551_262_816,
        config={"dims": (36, 72, 144, 288), "depths": (1, 1, 3, 2), "head": 36},
        top1=74.4,
        latencies=(
            *gpu_and_cpu(8.8, 15.7, "Table 1"),
            *other_gpus(4.7, 2.4, 2.7),
            PublishedLatency("iPhone 13, Core ML", 1.8, f"{EFFICIENTMOD} Table 12"),
        ),
    ),
    edgevit(
        name="edgevit_xs",
        params=6_770_056,
        macs=1_127_815_200,
        config={"dims": WIDE, "depths": (1, 1, 3, 1), "head": 48},
        top1=77.5,
        latencies=(
            *gpu_and_cpu(11.8, 21.4, "Table 1"),
            *other_gpus(5.9, 2.3, 2.6),
            PublishedLatency("CPU, model not stated", 54, PARC_README),
        ),
    ),
    edgevit(
        name="edgevit_s",
        params=13_108_168,
        macs=1_911_021_792,
        config={"dims": WIDE, "depths": (1, 2, 5, 3), "head": 48},
        top1=81.0,
        latencies=gpu_and_cpu(20.5, 34.7, "Table 1") + other_gpus(10.0, 3.8, 4.2),
    ),
)
