"""How far outputs may lie from the fp32 reference and still count as the same, by precision."""

from collections.abc import Mapping

from exporters.parity import ParityLimits

LIMITS: Mapping[str, ParityLimits] = {
    "fp32": ParityLimits(),
    "fp16": ParityLimits(max_rel=2e-2, cosine=0.9995),
    "bf16": ParityLimits(max_rel=1e-1, cosine=0.995),
}
"""A rounding of fp16 is off by up to 2^-11, one of bf16 by up to 2^-8 of a value; the roundings of a network
of some hundred layers add up at random to some ten times that at the output that is worst off, and a wrong
operator is off by more than twice these limits. They tell broken from rounded, not accurate from inaccurate:
what a precision costs in accuracy only a data set can say."""


def limits_of(precision: str) -> ParityLimits:
    """Return the limits for a precision that was asked for; those of fp32 where nothing looser is known."""
    return LIMITS.get(precision, LIMITS["fp32"])
