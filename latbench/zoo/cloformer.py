"""CloFormer as published: Fan et al., "Rethinking Local Perception", arXiv:2303.17803."""

from functools import partial

from latbench.zoo.spec import Evidence, ModelSpec, Sizes

ARXIV = "arXiv:2303.17803"
POOLED = Sizes(multiple=32)
"""Every stage's global branch pools by what must divide its activation."""
ABLATION = Evidence(
    "inferred",
    "the authors' code with CloFormer-XXS's widths and all heads in the branch that stays; their ablations' "
    "configurations are not published",
)
XXS = (32, 64, 128, 256)

cloformer = partial(
    ModelSpec,
    family="CloFormer",
    paper=f"Rethinking Local Perception in Lightweight Vision Transformer, {ARXIV}",
    evidence=Evidence("published", "the authors' code"),
    code="https://github.com/qhfan/CloFormer",
    commit="9181f692306bc4384d98b493a67a1b2dff9a738f",
    network="latbench.zoo.networks.cloformer:CloFormer",
    sizes=POOLED,
)

MODELS = (
    cloformer(
        name="cloformer_xxs",
        params=4_166_728,
        macs=660_528_256,
        config={"dims": XXS, "heads": ((3, 1), (2, 2), (4, 4), (4, 12))},
        top1=77.0,
        top1_source=ARXIV,
    ),
    cloformer(
        name="cloformer_xs",
        params=7_172_216,
        macs=1_219_194_464,
        config={"dims": (48, 96, 160, 352), "heads": ((2, 1), (3, 3), (5, 5), (7, 15))},
        top1=79.8,
        top1_source=ARXIV,
    ),
    cloformer(
        name="cloformer_s",
        params=12_345_576,
        macs=2_169_830_880,
        config={"dims": (64, 128, 224, 448), "heads": ((3, 1), (4, 4), (7, 7), (7, 21))},
        top1=81.6,
        top1_source=ARXIV,
    ),
    cloformer(
        name="cloformer_no_global",
        params=4_733_256,
        macs=742_057_984,
        config={"dims": XXS, "heads": ((4, 0), (4, 0), (8, 0), (16, 0))},
        evidence=ABLATION,
        sizes=Sizes(),
    ),
    cloformer(
        name="cloformer_global",
        params=3_998_024,
        macs=616_944_128,
        config={"dims": XXS, "heads": ((0, 4), (0, 4), (0, 8), (0, 16))},
        evidence=ABLATION,
    ),
)
