"""EfficientMod-s-Conv with a piece of its block left out or exchanged: the paper's Table 5 and Appendix L."""

from collections.abc import Mapping
from typing import Any

from latbench.zoo.efficientmod import ARXIV, AUTHORS, S_CONV, efficientmod, gpu_and_cpu
from latbench.zoo.spec import Evidence, ModelSpec

UNWRITTEN = "the paper's Table 5 names the change, the authors' code has no switch for it"
SUM = Evidence("inferred", f"{UNWRITTEN}; the context is added where it was multiplied")
NO_CONV = Evidence("inferred", f"{UNWRITTEN}; the GELU that follows the convolution is kept")


def piece(
    suffix: str, change: Mapping[str, Any], counts: tuple[int, int], top1: float, evidence: Evidence = AUTHORS
) -> ModelSpec:
    """Return a row of Table 5: s_conv with `change` in its blocks; `counts` are (params, macs)."""
    return efficientmod(
        name=f"efficientmod_s_conv_{suffix}",
        params=counts[0],
        macs=counts[1],
        config={**S_CONV, **change},
        evidence=evidence,
        top1=top1,
        top1_source=f"{ARXIV} Table 5",
    )


def kernels(
    sizes: tuple[int, ...], counts: tuple[int, int], top1: float, latencies_ms: tuple[float, float]
) -> ModelSpec:
    """Return a row of Appendix L: parallel context convolutions of these `sizes`; GPU and CPU latency."""
    return efficientmod(
        name=f"efficientmod_s_conv_ctx{''.join(map(str, sizes))}",
        params=counts[0],
        macs=counts[1],
        config={**S_CONV, "kernels": sizes},
        top1=top1,
        top1_source=f"{ARXIV} Appendix L",
        latencies=gpu_and_cpu(*latencies_ms, "Appendix L"),
    )


MODELS = (
    piece("nof", {"f": False}, (11_581_296, 1_324_059_008), 79.6),
    piece("nog", {"g": False}, (11_581_296, 1_324_059_008), 79.8),
    piece("conv", {"f": False, "g": False}, (10_290_256, 1_177_319_296), 78.6),
    piece("fonly", {"g": False, "kernels": ()}, (11_323_696, 1_262_132_416), 72.7, NO_CONV),
    piece("gonly", {"f": False, "kernels": ()}, (11_323_696, 1_262_132_416), 72.3, NO_CONV),
    piece("sum", {"combine": "sum"}, (12_872_336, 1_470_798_720), 79.5, SUM),
    kernels((3, 3), (12_717_776, 1_431_620_672), 79.7, (5.8, 28.5)),
    kernels((3, 5), (12_800_208, 1_451_841_600), 80.1, (6.1, 29.0)),
    kernels((3, 7), (12_923_856, 1_482_172_992), 80.2, (6.4, 29.7)),
    kernels((5, 5), (12_882_640, 1_472_062_528), 80.2, (6.3, 29.2)),
    kernels((5, 7), (13_006_288, 1_502_393_920), 80.3, (6.6, 29.8)),
    kernels((3, 5, 7), (13_057_808, 1_513_768_192), 80.5, (7.2, 32.4)),
)
