"""How far outputs may lie from the fp32 reference and still count as the same, by precision."""

from collections.abc import Mapping

from exporters.parity import ParityLimits

LIMITS: Mapping[str, ParityLimits] = {
    "fp32": ParityLimits(),
    "tf32": ParityLimits(max_rel=1e-2, cosine=0.9999),
    "fp16": ParityLimits(max_rel=1e-2, cosine=0.9999),
    "bf16": ParityLimits(max_rel=5e-2, cosine=0.999),
}
"""One rounding is off by up to 2^-11 of a value in fp16 and TF32, which keep as many digits, and 2^-8 in
bf16, and those of a network add up: EfficientMod and MBConv of the zoo come out at 5e-4 to 1.7e-3 in fp16 and
4e-3 to 1.4e-2 in bf16 on the CPU. The limits leave three times as much or more and tell broken from rounded,
not accurate from inaccurate: what a precision costs in accuracy only a data set can say."""


def limits_of(precision: str) -> ParityLimits:
    """Return the limits for a precision that was asked for; those of fp32 where nothing looser is known."""
    return LIMITS.get(precision, LIMITS["fp32"])
