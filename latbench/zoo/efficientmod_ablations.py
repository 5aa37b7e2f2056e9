"""EfficientMod-s-Conv with a piece left out or exchanged: Table 5 and Appendix L of arXiv:2403.19963."""

from latbench.zoo.efficientmod import AUTHORS, S_CONV, efficientmod, on_p100_and_xeon
from latbench.zoo.spec import Evidence, ModelSpec

NAMED = "the paper's Table 5 names the change"
NO_SWITCH = "the authors' code has no switch for it"
SUM = Evidence("inferred", f"{NAMED}, {NO_SWITCH}; the sum stands where the product stood")
NO_CONV = Evidence("inferred", f"{NAMED}, {NO_SWITCH}; the GELU behind the convolution is kept")


def pieces(
    suffix: str, change: dict[str, object], params: int, macs: int, top1: float, evidence: Evidence = AUTHORS
) -> ModelSpec:
    """Return the spec of a row of Table 5: s_conv with `change` in its blocks."""
    name = f"efficientmod_s_conv_{suffix}"
    return efficientmod(name, params, macs, {**S_CONV, **change}, top1, "Table 5", (), evidence)


def kernels(sizes: tuple[int, ...], params: int, macs: int, top1: float, gpu: float, cpu: float) -> ModelSpec:
    """Return the spec of a row of Appendix L: parallel context convolutions of these `sizes`, summed."""
    name = f"efficientmod_s_conv_ctx{''.join(map(str, sizes))}"
    latencies = on_p100_and_xeon(gpu, cpu, "Appendix L")
    return efficientmod(name, params, macs, {**S_CONV, "kernels": sizes}, top1, "Appendix L", latencies)


MODELS = (
    pieces("nof", {"f": False}, 11_581_296, 1_324_059_008, 79.6),
    pieces("nog", {"g": False}, 11_581_296, 1_324_059_008, 79.8),
    pieces("conv", {"f": False, "g": False}, 10_290_256, 1_177_319_296, 78.6),
    pieces("fonly", {"g": False, "kernels": ()}, 11_323_696, 1_262_132_416, 72.7, NO_CONV),
    pieces("gonly", {"f": False, "kernels": ()}, 11_323_696, 1_262_132_416, 72.3, NO_CONV),
    pieces("sum", {"combine": "sum"}, 12_872_336, 1_470_798_720, 79.5, SUM),
    kernels((3, 3), 12_717_776, 1_431_620_672, 79.7, 5.8, 28.5),
    kernels((3, 5), 12_800_208, 1_451_841_600, 80.1, 6.1, 29.0),
    kernels((3, 7), 12_923_856, 1_482_172_992, 80.2, 6.4, 29.7),
    kernels((5, 5), 12_882_640, 1_472_062_528, 80.2, 6.3, 29.2),
    kernels((5, 7), 13_006_288, 1_502_393_920, 80.3, 6.6, 29.8),
    kernels((3, 5, 7), 13_057_808, 1_513_768_192, 80.5, 7.2, 32.4),
)
