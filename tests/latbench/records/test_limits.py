from exporters.parity import Parity, ParityLimits
from latbench.records.limits import LIMITS, limits_of


def test_fp32_keeps_the_limits_of_the_exporters():
    assert limits_of("fp32") == ParityLimits()


def test_fewer_bits_are_given_more_room():
    rounded = [limits_of(name) for name in ("fp32", "fp16", "bf16")]
    assert rounded == sorted(rounded, key=lambda limits: limits.max_rel)
    assert rounded == sorted(rounded, key=lambda limits: -limits.cosine)


def test_a_precision_without_limits_of_its_own_gets_the_strictest():
    assert limits_of("int8") == LIMITS["fp32"]


def test_an_output_that_is_wrong_passes_nowhere():
    wrong = Parity(1.0, 0.5, 0.7)
    assert not any(limits.passes(wrong) for limits in LIMITS.values())
