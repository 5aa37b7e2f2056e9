"""FocalNet-T as published: Yang et al., NeurIPS 2022; and the reductions in EfficientMod's paper."""

from functools import partial

from latbench.zoo.efficientmod import ARXIV as EFFICIENTMOD
from latbench.zoo.efficientmod import AUTHORS, LAYOUTS, gpu_and_cpu
from latbench.zoo.spec import Evidence, ModelSpec

README = "the README of FocalNet's code"
REDUCED = Evidence(
    "inferred",
    "the customised configuration is not published; this is one of two reductions of the authors' FocalNet-T "
    "(LRF) found to round to the row's 4.6M parameters and 0.7G",
)
SRF, LRF = (3, 5), (3, 5, 7)
"""The kernels of the contexts: two levels make a small receptive field, three a large one."""

focalnet = partial(
    ModelSpec,
    family="FocalNet",
    paper="Focal Modulation Networks, NeurIPS 2022, arXiv:2203.11926",
    evidence=AUTHORS,
    code="https://github.com/microsoft/FocalNet",
    commit="e8514bdcfe1eb6e7e110403e9f2972c67dfed1c3",
    network="latbench.zoo.networks.focalnet:FocalNet",
    forms={"layout": LAYOUTS},
    fastest={target: {"layout": "channels_first"} for target in ("onnxruntime", "tensorrt")},
)
tiny = partial(focalnet, top1_source=README)
reduced = partial(
    focalnet,
    evidence=REDUCED,
    top1=74.5,
    top1_source=f"{EFFICIENTMOD} Table 4",
    latencies=gpu_and_cpu(4.2, 16.8, "Table 4"),
)

MODELS = (
    tiny(
        name="focalnet_tiny_srf",
        params=28_427_116,
        macs=4_403_335_680,
        config={"dims": (96, 192, 384, 768), "depths": (2, 2, 6, 2), "kernels": SRF},
        top1=82.1,
    ),
    tiny(
        name="focalnet_tiny_lrf",
        params=28_647_928,
        macs=4_474_836_480,
        config={"dims": (96, 192, 384, 768), "depths": (2, 2, 6, 2), "kernels": LRF},
        top1=82.3,
    ),
    reduced(
        name="focalnet_4m_w40",
        params=4_624_600,
        macs=684_940_160,
        config={"dims": (40, 80, 160, 320), "depths": (2, 2, 4, 2), "kernels": LRF},
    ),
    reduced(
        name="focalnet_4m_w48",
        params=4_584_116,
        macs=692_267_136,
        config={"dims": (48, 96, 192, 384), "depths": (1, 1, 4, 1), "kernels": LRF},
    ),
)
