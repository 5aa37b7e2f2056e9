import pytest

from latbench.crosscheck import agreement
from latbench.crosscheck.base import Said
from latbench.crosscheck.session import Evidence, Pair
from latbench.measure.launch import LaunchResult

OURS_NS = (1_000_000, 1_010_000, 990_000, 1_004_000, 996_000, 1_002_000)


def evidence(cell, echo, scale, *, failures=(), first=5_000_000, readings=True):
    ours = [
        LaunchResult("ok", samples_ns=(one,) * 5, warmup_ns=(one,) * 3, first_inference_ns=first)
        for one in OURS_NS
    ]
    theirs = [
        Said(one * scale * wobble, one * scale, 4, rounding_ns=5_000)
        for one, wobble in zip(OURS_NS, (1, 1.002, 0.998, 1.001, 0.999, 1), strict=True)
    ]
    told = [{"ours": [1100, 1100], "theirs": [1000, 1000]} if readings else None] * len(ours)
    return Evidence(Pair(echo, cell, "1"), ours, theirs, told, list(failures))


@pytest.mark.parametrize(
    ("scale", "verdict"),
    [(1.0, "agree"), (1.005, "agree"), (1.05, "off"), (0.95, "off"), (1.0198, "undecided")],
)
def test_the_verdict_follows_the_interval_and_the_margin(cell, echo, scale, verdict):
    row = agreement.row(evidence(cell, echo, scale))
    assert row["verdict"] == verdict
    assert row["ratio"] == pytest.approx(1 / scale, rel=0.001)
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
    assert set(row) == set(agreement.COLUMNS)


def test_parts_and_remainder_add_up_to_the_difference_of_the_figures_shown(cell, echo):
    row = agreement.row(evidence(cell, echo, 1.004))
    assert row["difference_us"] == pytest.approx(1e3 * (row["ours_ms"] - row["theirs_ms"]))
    assert row["parts_us"]["call"] == pytest.approx(0.1)
    assert sum(row["parts_us"].values()) + row["remainder_us"] == pytest.approx(row["difference_us"])
    assert row["remainder_low_us"] <= row["remainder_us"] <= row["remainder_high_us"]
    assert row["rounding_us"] == 5
    assert (row["in_turns_us"], row["in_turns_low_us"], row["in_turns_high_us"]) == pytest.approx((0.1,) * 3)


def test_a_cause_that_was_not_measured_in_every_block_is_left_to_the_remainder(cell, echo):
    row = agreement.row(evidence(cell, echo, 1.0, readings=False))
    assert "call" not in row["parts_us"]
    assert row["in_turns_us"] is None
    assert row["remainder_us"] is not None


def test_two_blocks_are_too_few_for_any_verdict(cell, echo):
    whole = evidence(cell, echo, 1.0)
    few = Evidence(whole.pair, whole.ours[:2], whole.theirs[:2], whole.readings[:2])
    assert agreement.row(few)["verdict"] == "undecided"
    assert agreement.row(few)["blocks_needed"] >= 1


def test_a_tool_that_never_answered_has_failed_and_a_skipped_one_says_why(cell, echo):
    row = agreement.row(Evidence(Pair(echo, cell), failures=["block 1: exit code 1"]))
    assert (row["verdict"], row["reason"], row["ratio"]) == ("failed", "block 1: exit code 1", None)
    told = agreement.skipped("echo", "fake", "m", "it is not here")
    assert (told["verdict"], told["reason"]) == ("skipped", "it is not here")
    assert set(row) == set(told) == set(agreement.COLUMNS)


def test_a_block_lost_is_told_though_the_others_agree(cell, echo):
    row = agreement.row(evidence(cell, echo, 1.0, failures=["block 7: crashed"]))
    assert row["verdict"] == "agree"
    assert "block 7: crashed" in row["reason"]


def test_warm_up_is_what_our_median_would_be_if_counted_as_the_tool_counts():
    launch = LaunchResult("ok", samples_ns=(10, 10, 10), warmup_ns=(30, 30, 30), first_inference_ns=90)
    assert agreement.unsettled_ns(launch, 1, 3) == 20
    assert agreement.unsettled_ns(launch, 4, 3) == 0
    assert agreement.unsettled_ns(launch, 1, None) is None
    assert agreement.unsettled_ns(launch, None, 3) is None
    assert agreement.unsettled_ns(launch, 99, 3) is None
