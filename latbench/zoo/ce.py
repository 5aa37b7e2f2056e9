"""CvT, PVT, Swin and CSWin with convolutional embeddings, rebuilt from what arXiv:2207.13317 tells."""

from collections.abc import Mapping
from typing import Any

from latbench.zoo.cetnet import PAPER, RECONSTRUCTION, SOURCE
from latbench.zoo.spec import ModelSpec


def with_ce(name: str, original: str, counts: tuple[int, int], top1: float, **config: Any) -> ModelSpec:
    """Return "ce_NAME", which is `original` with other embeddings; `counts` are (params, macs)."""
    return ModelSpec(
        name=f"ce_{name}",
        family=f"CE-{original}",
        params=counts[0],
        macs=counts[1],
        paper=PAPER,
        evidence=RECONSTRUCTION,
        network=f"latbench.zoo.networks.ce:ce_{original.lower()}",
        config=config,
        top1=top1,
        top1_source=SOURCE,
    )


def widths(first: int, heads: int) -> Mapping[str, Any]:
    """Return the channels and the heads of four stages, each twice those of the stage before."""
    return {"dims": [first << stage for stage in range(4)], "heads": [heads << stage for stage in range(4)]}


MODELS = (
    with_ce("cvt_13", "CvT", (19_869_256, 4_465_160_192), 82.1, depths=(1, 1, 10), units=(4, 4, 6)),
    with_ce("pvt_s", "PVT", (22_611_016, 3_713_618_432), 81.1, depths=(3, 4, 4, 3)),
    with_ce("swin_t", "Swin", (23_194_916, 4_280_524_800), 82.5, depths=(2, 2, 18, 2), **widths(64, 2)),
    with_ce("swin_s", "Swin", (48_126_442, 8_795_215_872), 83.6, depths=(2, 2, 16, 2), **widths(96, 3)),
    with_ce("swin_b", "Swin", (85_112_128, 15_529_091_072), 84.0, depths=(2, 2, 16, 2), **widths(128, 4)),
    with_ce("cswin_t", "CSWin", (21_400_264, 4_218_783_232), 83.6, depths=(1, 1, 20, 1), **widths(64, 2)),
    with_ce("cswin_s", "CSWin", (33_723_016, 6_695_294_976), 84.1, depths=(2, 3, 31, 2), **widths(64, 2)),
    with_ce("cswin_b", "CSWin", (75_286_744, 14_744_232_960), 84.7, depths=(2, 3, 31, 2), **widths(96, 4)),
)
